import type { Session } from "./session.ts";

/** What flushes the log. */
export const flush = `BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL synchronous_commit = on;
SELECT pg_catalog.pg_logical_emit_message(true, 'drizzle-fleet', '');
COMMIT`;

/**
 * Makes sure that all which the server has committed so far is on disk, also what was committed with
 * synchronous_commit off. It writes to the log and touches no table, so that no lock can hold it up.
 *
 * @throws ScriptError when the server refuses, as a standby does, or the connection breaks: then nothing is certain
 */
export function flushLog(session: Session): Promise<void> {
  return session.script(flush);
}
