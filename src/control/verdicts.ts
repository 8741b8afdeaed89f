import type { Session } from "../postgres/session.ts";
import { createMissing, hasTables } from "./create.ts";

/** What a look at a tenant schema found, so that the next one can skip a schema that has not changed. */
export interface SchemaVerdict {
  readonly schema: string;
  /** See `readFingerprints`. */
  readonly fingerprint: string;
  /** See `hashSchemas`. */
  readonly hash: string;
  /** The digest of the ledger's entries. */
  readonly ledger: string;
  readonly drifted: boolean;
}

const names = ["verdicts"];

/** `reader` is the version of the reader that made the hash: those of other versions do not count. */
const ddl = `CREATE TABLE IF NOT EXISTS drizzle_fleet.verdicts (
  schema text PRIMARY KEY,
  reader text NOT NULL,
  fingerprint text NOT NULL,
  hash text NOT NULL,
  ledger text NOT NULL,
  drifted boolean NOT NULL,
  checked_at timestamptz NOT NULL
)`;

/**
 * Reads the last verdicts about the schemas of a database.
 *
 * @returns those of the same reader, by schema
 */
export async function readVerdicts(
  session: Session,
  reader: string,
): Promise<Map<string, SchemaVerdict>> {
  if (!(await hasTables(session, names))) return new Map();
  const rows = await session.query<SchemaVerdict & Record<string, unknown>>(
    `SELECT schema, fingerprint, hash, ledger, drifted FROM drizzle_fleet.verdicts WHERE reader = $1`,
    [reader],
  );
  return new Map(rows.map((row) => [row.schema, row]));
}

/** When a schema was last compared, with which ledger, and the result. */
export interface LastVerdict extends Pick<SchemaVerdict, "schema" | "ledger" | "drifted"> {
  /** By the clock of the database's server. */
  readonly checkedAt: Date;
}

/**
 * Reads when these schemas were last compared, by any version of the reader.
 *
 * @returns by schema; empty if the role may not read the verdicts
 */
export async function readLastVerdicts(
  session: Session,
  schemas: readonly string[],
): Promise<Map<string, LastVerdict>> {
  // A query that fails would be an error in the server's log each time.
  const [table] = await session.query(
    `SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'drizzle_fleet' AND c.relname = 'verdicts' AND c.relkind = 'r'
       AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')`,
  );
  if (table === undefined) return new Map();
  const rows = await session.query<LastVerdict & Record<string, unknown>>(
    `SELECT schema, ledger, drifted, checked_at AS "checkedAt" FROM drizzle_fleet.verdicts WHERE schema = ANY($1)`,
    [schemas],
  );
  return new Map(rows.map((row) => [row.schema, row]));
}

/** Records verdicts, and deletes those about schemas that no longer exist. Their time is the server's. */
export async function saveVerdicts(
  session: Session,
  reader: string,
  verdicts: readonly SchemaVerdict[],
): Promise<void> {
  if (verdicts.length === 0) return;
  await createMissing(session, names, ddl);
  await session.query(
    `INSERT INTO drizzle_fleet.verdicts (schema, reader, fingerprint, hash, ledger, drifted, checked_at)
     SELECT v.schema, $1, v.fingerprint, v.hash, v.ledger, v.drifted, pg_catalog.now()
     FROM pg_catalog.jsonb_to_recordset($2::jsonb) AS v (schema text, fingerprint text, hash text, ledger text, drifted boolean)
     ON CONFLICT (schema) DO UPDATE SET reader = excluded.reader, fingerprint = excluded.fingerprint, hash = excluded.hash, ledger = excluded.ledger,
       drifted = excluded.drifted, checked_at = excluded.checked_at`,
    [reader, JSON.stringify(verdicts)],
  );
  await session.query(
    `DELETE FROM drizzle_fleet.verdicts WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = schema)`,
  );
}
