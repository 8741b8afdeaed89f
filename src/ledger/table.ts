import { ledgerName } from "../core/ledger.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";

/** The ledger of a tenant schema, qualified so that it is never looked up on a search_path. */
export function ledgerOf(schema: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(ledgerName)}`;
}

/** The ledger's columns, for copying a ledger. */
export const ledgerColumns = [
  ...["tag", "checksum", "statements", "applied", "applied_checksum"],
  ...["begun", "applied_at", "duration_ms", "applied_by"],
];

/** The DDL of a ledger. A row records that a migration was applied, or how much of it. */
export function createLedger(schema: string): string {
  return `CREATE TABLE ${ledgerOf(schema)} (
  tag text PRIMARY KEY,
  checksum text NOT NULL,
  statements integer NOT NULL,
  applied integer NOT NULL CHECK (applied BETWEEN 0 AND statements),
  applied_checksum text NOT NULL,
  begun boolean NOT NULL,
  applied_at timestamptz NOT NULL,
  duration_ms integer NOT NULL,
  applied_by text NOT NULL
)`;
}

/** What a step records in the ledger. */
export interface Progress {
  readonly tag: string;
  readonly checksum: string;
  /** The number of the migration's statements, and how many of them are applied as of this row. */
  readonly statements: number;
  readonly applied: number;
  readonly appliedChecksum: string;
  /** True if the next statement, which runs outside a transaction, is about to run, or has run in part, in batches. */
  readonly begun: boolean;
  /** The program that applies it, with its version. */
  readonly by: string;
}

/** SQL that replaces the checksum of a completely applied migration. */
export function recordChecksum(schema: string, tag: string, checksum: string): string {
  return `UPDATE ${ledgerOf(schema)} SET checksum = ${quoteLiteral(checksum)}
WHERE tag = ${quoteLiteral(tag)} AND applied = statements`;
}

/** SQL that deletes entries from a ledger. */
export function deleteEntries(schema: string, tags: readonly string[]): string {
  return `DELETE FROM ${ledgerOf(schema)} WHERE tag IN (${tags.map(quoteLiteral).join(", ")})`;
}

/** SQL that makes a ledger contain exactly these entries. Existing ones keep their time. */
export function recordStamp(
  schema: string,
  entries: readonly { readonly tag: string; readonly checksum: string }[],
  by: string,
): string[] {
  const rows = entries.map(
    ({ tag, checksum }) => `(${quoteLiteral(tag)}, ${quoteLiteral(checksum)})`,
  );
  const values = rows.length === 0 ? "SELECT NULL, NULL WHERE false" : `VALUES ${rows.join(", ")}`;
  const wanted = `(${values}) AS wanted (tag, checksum)`;
  return [
    `DELETE FROM ${ledgerOf(schema)} AS ledger WHERE NOT EXISTS (SELECT FROM ${wanted}
  WHERE wanted.tag = ledger.tag AND wanted.checksum = ledger.checksum AND ledger.applied = ledger.statements)`,
    `INSERT INTO ${ledgerOf(schema)} (tag, checksum, statements, applied, applied_checksum, begun, applied_at, duration_ms, applied_by)
SELECT tag, checksum, 0, 0, '', false, clock_timestamp(), 0, ${quoteLiteral(by)} || ', stamped, as ' || session_user FROM ${wanted}
ON CONFLICT (tag) DO NOTHING`,
  ];
}

/** SQL that fills an empty ledger with completely applied migrations. */
export function insertEntries(
  schema: string,
  entries: readonly {
    readonly tag: string;
    readonly checksum: string;
    readonly statements: number;
    readonly appliedChecksum: string;
  }[],
  by: string,
): string {
  // A single literal: for a long history, a list of values takes longer to write and to parse.
  return `INSERT INTO ${ledgerOf(schema)}
  (tag, checksum, statements, applied, applied_checksum, begun, applied_at, duration_ms, applied_by)
SELECT tag, checksum, statements, statements, "appliedChecksum", false, clock_timestamp(), 0, ${quoteLiteral(by)} || ' as ' || session_user
FROM pg_catalog.jsonb_to_recordset(${quoteLiteral(JSON.stringify(entries))})
  AS entries (tag text, checksum text, statements integer, "appliedChecksum" text)`;
}

/**
 * SQL that adds an entry for a migration, or the part of it that is applied, in the same transaction. It means the same
 * whatever the search_path is.
 */
export function addEntry(schema: string, progress: Progress): string {
  const duration = `(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.now()) OPERATOR(pg_catalog.*) 1000)::integer`;
  const values = [
    quoteLiteral(progress.tag),
    quoteLiteral(progress.checksum),
    String(progress.statements),
    String(progress.applied),
    quoteLiteral(progress.appliedChecksum),
    String(progress.begun),
    "pg_catalog.clock_timestamp()",
    duration,
    `pg_catalog.concat(${quoteLiteral(progress.by)}, ' as ', session_user)`,
  ];
  return `INSERT INTO ${ledgerOf(schema)} AS ledger
  (tag, checksum, statements, applied, applied_checksum, begun, applied_at, duration_ms, applied_by)
VALUES (${values.join(", ")})`;
}

/** Like `addEntry`, for a migration that may have an entry already. */
export function recordProgress(schema: string, progress: Progress): string {
  return `${addEntry(schema, progress)}
ON CONFLICT (tag) DO UPDATE SET checksum = excluded.checksum, statements = excluded.statements,
  applied = excluded.applied, applied_checksum = excluded.applied_checksum, begun = excluded.begun, applied_at = excluded.applied_at,
  duration_ms = ledger.duration_ms + excluded.duration_ms, applied_by = excluded.applied_by`;
}
