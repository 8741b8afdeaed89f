import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Queries } from "./own-server.ts";

/** The process ids of the tool's backends in the current database. */
export const toolsBackends = `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'drizzle-fleet%' AND datname = current_database()`;

/** The advisory lock by which the embedded server counts its users. */
const usersLock = 4_740_182;

/** Expects that runs have left no session, lock or incomplete object in a database. */
export async function expectNothingLeft(database: Queries): Promise<void> {
  // A backend notices that its runner was killed within client_connection_check_interval.
  const deadline = Date.now() + 10_000;
  while ((await database.query(toolsBackends)).length > 0 && Date.now() < deadline)
    await sleep(100);
  const leftovers = {
    "backends of the tool": toolsBackends,
    "open transactions": `SELECT pid, query FROM pg_stat_activity
      WHERE state LIKE 'idle in transaction%' AND datname = current_database()`,
    "prepared transactions": `SELECT gid FROM pg_prepared_xacts WHERE database = current_database()`,
    "advisory locks": `SELECT pid, classid, objid FROM pg_locks WHERE locktype = 'advisory' AND NOT (classid = 0 AND objid = ${usersLock})
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    "invalid indexes": `SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive)`,
    "remains of a REINDEX": `SELECT oid::regclass::text FROM pg_class WHERE relname ~ '_cc(new|old)\\d*$'`,
    "tables of a dead session": `SELECT oid::regclass::text FROM pg_class WHERE relpersistence = 't'`,
  };
  for (const [what, sql] of Object.entries(leftovers))
    expect(await database.query(sql), what).toEqual([]);
}
