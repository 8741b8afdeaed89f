import type { Session } from "./session.ts";

/** Runs a function that begins and ends a transaction, and rolls back if it throws. */
export async function withRollback<Result>(
  session: Session,
  use: () => Promise<Result>,
): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    if (!session.lost) await session.script("ROLLBACK");
    throw error;
  }
}

/** Runs a function in a read-only transaction, which is rolled back. */
export async function inReadOnlyTransaction<Result>(
  session: Session,
  use: () => Promise<Result>,
): Promise<Result> {
  return withRollback(session, async () => {
    await session.script("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY");
    const result = await use();
    await session.script("ROLLBACK");
    return result;
  });
}
