import type { Session } from "./session.ts";

/** The statements that flush the write-ahead log. */
export const flush = `BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL synchronous_commit = on;
SELECT pg_catalog.pg_logical_emit_message(true, 'drizzle-fleet', '');
COMMIT`;

/**
 * Ensures that everything the server has committed is on disk, including commits with synchronous_commit off. It
 * writes to the log but to no table, so that no lock delays it.
 *
 * @throws ScriptError if the server refuses, as a standby does, or the connection is lost: then nothing is certain
 */
export function flushLog(session: Session): Promise<void> {
  return session.script(flush);
}
