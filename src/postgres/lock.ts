import { createHash } from "node:crypto";
import { quoteLiteral } from "../core/quoting.ts";
import type { Session } from "./session.ts";
import { sqlstate } from "./sqlstate.ts";

/**
 * The advisory lock key of a tenant schema: 64 bits of a hash, so that two schemas practically never share one.
 * Two services that were pointed at one schema by mistake at least exclude each other.
 *
 * @returns a signed decimal that fits PostgreSQL's bigint
 */
export function lockKey(schema: string): string {
  const hash = createHash("sha256").update(schema).digest();
  return hash.readBigInt64BE(0).toString();
}

/**
 * For a session that holds a lock: a server waits two hours by default before it asks after a client whose machine is
 * gone. In seconds; with these it is told after 25.
 */
export const serverKeepAlive: readonly (readonly [name: string, value: string])[] = [
  ["tcp_keepalives_idle", "10"],
  ["tcp_keepalives_interval", "5"],
  ["tcp_keepalives_count", "3"],
];

/** SQL, for the list of a SELECT, that sets them for the session. */
export const setServerKeepAlive = serverKeepAlive
  .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', false)`)
  .join(", ");

/**
 * Takes a lock for as long as the session lives, without waiting for it.
 *
 * @param key see `lockKey`
 * @returns false when somebody else has it
 */
export async function tryLock(session: Session, key: string): Promise<boolean> {
  const [row] = await session.query<{ ours: boolean }>(
    `SELECT pg_catalog.pg_try_advisory_lock($1) AS ours, ${setServerKeepAlive}`,
    [key],
  );
  return row?.ours === true;
}

/** The statement that takes a target's lock until the transaction ends, or raises `sqlstate.targetLocked`. */
export function lockTarget(schema: string): string {
  return `DO ${quoteLiteral(`BEGIN
  IF NOT pg_catalog.pg_try_advisory_xact_lock(${lockKey(schema)}) THEN
    RAISE EXCEPTION 'another runner is working on this target' USING ERRCODE = '${sqlstate.targetLocked}';
  END IF;
END`)}`;
}
