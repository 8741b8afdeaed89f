import { createHash } from "node:crypto";
import type { LedgerEntry } from "../core/ledger.ts";
import { positionText } from "./position.ts";

/**
 * The digest of a ledger: 64 hex digits, equal to the result of `digestExpression` in the database for the same
 * entries, in any order. With it, one short string per target identifies the state of a ledger.
 */
export function digestOf(entries: readonly LedgerEntry[]): string {
  const lines = entries.map((entry) => ({ key: Buffer.from(entry.tag), line: lineOf(entry) }));
  lines.sort((left, right) => Buffer.compare(left.key, right.key));
  return createHash("sha256")
    .update(lines.map(({ line }) => line).join(""))
    .digest("hex");
}

/** The digests of a ledger's first N entries, for N from 0 to all of them. */
export function digestsOfPrefixes(entries: readonly LedgerEntry[]): string[] {
  const hash = createHash("sha256");
  let ascending = true;
  const longer = entries.map((entry, index) => {
    const before = entries[index - 1];
    ascending &&= before === undefined || isAfter(entry, before);
    if (!ascending) return digestOf(entries.slice(0, index + 1));
    // Each digest continues the one before it. Otherwise a long history would be hashed once per migration.
    hash.update(lineOf(entry));
    return hash.copy().digest("hex");
  });
  return [digestOf([]), ...longer];
}

function isAfter({ tag }: LedgerEntry, before: LedgerEntry): boolean {
  return Buffer.compare(Buffer.from(before.tag), Buffer.from(tag)) < 0;
}

function lineOf({ tag, checksum, partial }: LedgerEntry): string {
  return `${tag} ${checksum} ${partial === undefined ? "complete" : progressOf(partial)}\n`;
}

/**
 * A begun statement is part of the progress, and how far it has run in batches: a plan made before must not be carried out.
 */
function progressOf(partial: NonNullable<LedgerEntry["partial"]>): string {
  const { applied, appliedChecksum, begun, batch } = partial;
  if (!begun) return String(applied);
  return `${applied} begun${batch === undefined ? appliedChecksum.slice(64) : positionText(batch)}`;
}

/** An SQL aggregate over the columns of a ledger that computes the digest. */
export const digestExpression = `encode(sha256(convert_to(coalesce(string_agg(
  tag || ' ' || checksum || ' ' || CASE WHEN applied = statements THEN 'complete' WHEN begun THEN applied || ' begun' || substr(applied_checksum, 65) ELSE applied::text END || E'\\n',
  '' ORDER BY tag COLLATE "C"), ''), 'UTF8')), 'hex')`;
