import type { Session } from "./session.ts";

/** Does something that begins a transaction and ends it; what throws in between is rolled back. */
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

/** Does something in a transaction that cannot write, and leaves nothing behind. */
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
