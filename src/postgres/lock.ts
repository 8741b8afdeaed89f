import { createHash } from "node:crypto";

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
