import { createHash } from "node:crypto";

/**
 * The advisory lock key of a target: 64 bits of a hash, so that two targets practically never share one.
 *
 * @returns a signed decimal that fits PostgreSQL's bigint
 */
export function lockKey(service: string, schema: string): string {
  const hash = createHash("sha256").update(service).update("\0").update(schema).digest();
  return hash.readBigInt64BE(0).toString();
}
