import { ScriptError } from "./script.ts";
import type { Session } from "./session.ts";
import { sqlstate, sqlstateOf } from "./sqlstate.ts";

/** What flushes the log. */
export const flush = `BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL synchronous_commit = on;
SELECT pg_catalog.pg_logical_emit_message(true, 'drizzle-fleet', '');
COMMIT`;

/**
 * Makes sure that all which the server has committed so far is on disk, also what was committed with
 * synchronous_commit off. It writes to the log and touches no table: no lock can hold it up, and it needs no right.
 *
 * @throws ScriptError when the server refuses or the connection breaks: then nothing is certain
 */
export async function flushLog(session: Session): Promise<void> {
  try {
    await session.script(flush);
  } catch (error) {
    const standby =
      error instanceof ScriptError && sqlstateOf(error.cause) === sqlstate.featureNotSupported;
    if (!standby) throw error;
    // A standby takes no writes, and has none of its own to lose.
    await session.script("ROLLBACK");
  }
}
