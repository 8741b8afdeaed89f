import type { Session } from "./session.ts";

/** Does something that begins a transaction and ends it; what throws in between is rolled back. */
export async function orRollback<Result>(
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
