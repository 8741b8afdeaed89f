import { quoteIdentifier } from "../postgres/identifiers.ts";
import type { Session } from "../postgres/session.ts";
import { readInBatches } from "./batches.ts";

/** A migration as drizzle-orm's own migrator recorded it. */
export interface DrizzleRow {
  /** sha256 hex of the file that was applied. */
  readonly hash: string;
  /** When the migration was generated, in milliseconds since 1970. */
  readonly createdAt: number | undefined;
  /** The migration's folder; drizzle-orm knows it since 1.0. */
  readonly name: string | undefined;
}

/** What a schema holds of drizzle-orm's own migrator. Tables with the same rows share one list. */
export type DrizzleTableState =
  | { readonly kind: "none" }
  /** The role may not look into the schema or the table. */
  | { readonly kind: "unreadable" }
  /** Somebody else's transaction keeps everybody from reading the table. */
  | { readonly kind: "locked" }
  | { readonly kind: "table"; readonly rows: readonly DrizzleRow[] };

interface FoundTable {
  readonly schema: string;
  readonly named: boolean;
  readonly readable: boolean;
}

/**
 * Reads the tables of drizzle-orm's migrator in many schemas of one database, in a few queries: one digest per table,
 * and the rows of one table for each different digest.
 *
 * @param table the table's name, unquoted; `__drizzle_migrations` unless somebody chose another
 * @param schemas unquoted schema names
 */
export async function readDrizzleTables(
  session: Session,
  table: string,
  schemas: readonly string[],
): Promise<Map<string, DrizzleTableState>> {
  const states = new Map<string, DrizzleTableState>(
    schemas.map((schema) => [schema, { kind: "none" }]),
  );
  const found = await findTables(session, table, schemas);
  for (const { schema, readable } of found)
    if (!readable) states.set(schema, { kind: "unreadable" });
  const named = new Map(found.map((one) => [one.schema, one.named]));
  const known = new Map<string, readonly DrizzleRow[]>();
  const read = (batch: readonly string[]) =>
    readTogether(
      session,
      batch.map((schema) => sourceOf(schema, table, named.get(schema) === true)),
      known,
    );
  const readable = found.filter((one) => one.readable).map(({ schema }) => schema);
  for (const [schema, state] of await readInBatches(session, readable, read))
    states.set(schema, state ?? { kind: "locked" });
  return states;
}

/** Tables that have drizzle-orm's columns. */
function findTables(
  session: Session,
  table: string,
  schemas: readonly string[],
): Promise<FoundTable[]> {
  return session.query(
    `SELECT n.nspname AS schema, 'name' = ANY(columns.names) AS named,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
     FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (SELECT array_agg(a.attname::text) AS names FROM pg_catalog.pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) columns
     WHERE n.nspname = ANY($1) AND c.relname = $2 AND c.relkind IN ('r', 'p')
       AND columns.names @> ARRAY['id', 'hash', 'created_at']`,
    [schemas, table],
  );
}

/** A table, and the SQL that gives its rows in drizzle-orm's newer shape. */
interface Source {
  readonly schema: string;
  readonly sql: string;
}

function sourceOf(schema: string, table: string, named: boolean): Source {
  const name = named ? "name" : "NULL::text AS name";
  const from = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  return {
    schema,
    sql: `(SELECT id, coalesce(hash, '') AS hash, created_at, ${name} FROM ${from}) AS source`,
  };
}

async function readTogether(
  session: Session,
  sources: readonly Source[],
  known: Map<string, readonly DrizzleRow[]>,
): Promise<Map<string, DrizzleTableState>> {
  const digests = await readDigests(session, sources);
  const fresh = new Map(
    sources.flatMap((source, index) => {
      const digest = digests[index] ?? "";
      return known.has(digest) ? [] : [[digest, source] as const];
    }),
  );
  for (const [digest, rows] of await readRows(session, fresh)) known.set(digest, rows);
  return new Map(
    sources.map(({ schema }, index) => {
      const rows = known.get(digests[index] ?? "") ?? [];
      return [schema, { kind: "table", rows }];
    }),
  );
}

/** The number of a row says nothing of a migration: attempts that failed leave gaps. */
const digestExpression = `encode(sha256(convert_to(coalesce(string_agg(
  hash || ' ' || coalesce(created_at::text, '') || ' ' || coalesce(name, ''), E'\\n' ORDER BY id), ''), 'UTF8')), 'hex')`;

async function readDigests(session: Session, sources: readonly Source[]): Promise<string[]> {
  const selects = sources.map(
    ({ sql }, index) => `SELECT ${index} AS index, ${digestExpression} AS digest FROM ${sql}`,
  );
  const rows = await session.query<{ index: number; digest: string }>(
    selects.join("\nUNION ALL\n"),
  );
  const digests = new Map(rows.map(({ index, digest }) => [index, digest]));
  return sources.map((_, index) => digests.get(index) ?? "");
}

async function readRows(
  session: Session,
  sources: ReadonlyMap<string, Source>,
): Promise<Map<string, DrizzleRow[]>> {
  const digests = [...sources.keys()];
  const tables = new Map<string, DrizzleRow[]>(digests.map((digest) => [digest, []]));
  if (digests.length === 0) return tables;
  const selects = [...sources.values()].map(
    ({ sql }, index) => `SELECT ${index} AS index, id, hash, created_at::text, name FROM ${sql}`,
  );
  const rows = await session.query<{
    index: number;
    hash: string;
    created_at: string | null;
    name: string | null;
  }>(`${selects.join("\nUNION ALL\n")}\nORDER BY index, id`);
  for (const { index, hash, created_at, name } of rows) {
    const createdAt = created_at === null ? undefined : Number(created_at);
    tables.get(digests[index] ?? "")?.push({ hash, createdAt, name: name ?? undefined });
  }
  return tables;
}
