import { quoteIdentifier } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { readInBatches } from "./batches.ts";

/** A row of drizzle-orm's own migrations table, or of a similar table of another migrator. */
export interface DrizzleRow {
  /** The sha256, in hex, of the applied text; undefined if the table only has names. */
  readonly hash: string | undefined;
  /** When the migration was generated, in milliseconds since 1970; undefined if the table has other times. */
  readonly createdAt: number | undefined;
  /** The migration's file or folder. drizzle-orm records it from 1.0 on; drizzle-multitenant records nothing else. */
  readonly name: string | undefined;
}

/** The state of a migrations table. Tables with the same rows share one list. */
export type DrizzleTableState =
  | { readonly kind: "none" }
  /** The role lacks a privilege on the schema or the table. */
  | { readonly kind: "unreadable" }
  /** Another transaction's lock prevents reading the table. */
  | { readonly kind: "locked" }
  | { readonly kind: "table"; readonly rows: readonly DrizzleRow[] };

/** A table's schema and name, unquoted. */
export interface TablePlace {
  readonly schema: string;
  readonly table: string;
}

interface FoundTable extends TablePlace {
  readonly columns: Readonly<Record<string, string>>;
  readonly readable: boolean;
}

/** A table's qualified name in SQL, which is also the key of its state. */
export function tableName({ schema, table }: TablePlace): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}

/**
 * Reads migrations tables of drizzle-orm, and similar tables of other migrators, in one database, in a few queries:
 * one digest per table, and the rows of one table per distinct digest.
 *
 * @returns the states by `tableName`; places without such a table are left out
 */
export async function readDrizzleTables(
  session: Session,
  places: readonly TablePlace[],
): Promise<Map<string, DrizzleTableState>> {
  const states = new Map<string, DrizzleTableState>();
  const found = await findTables(session, places);
  for (const one of found) if (!one.readable) states.set(tableName(one), { kind: "unreadable" });
  const sources = new Map(found.map((one) => [tableName(one), sourceOf(one)]));
  const known = new Map<string, readonly DrizzleRow[]>();
  const read = (batch: readonly string[]) =>
    readTogether(
      session,
      batch.flatMap((name) => sources.get(name) ?? []),
      known,
    );
  const readable = found.filter((one) => one.readable).map(tableName);
  for (const [name, state] of await readInBatches(session, readable, read))
    states.set(name, state ?? { kind: "locked" });
  return states;
}

/**
 * Recognizes the columns of a migrations table: `hash` and `created_at` (drizzle-orm), `name` and `applied_at`
 * (drizzle-multitenant), or all of them (drizzle-orm 1.0).
 */
const hasColumns = `columns.types ? 'id' AND columns.types ?| ARRAY['hash', 'name']
  AND columns.types ?| ARRAY['created_at', 'applied_at']`;

/** A FROM clause: tables with the types of their columns by name. */
const tablesWithColumns = `FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(a.attname, a.atttypid::regtype::text), '{}') AS types
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) columns`;

function findTables(session: Session, places: readonly TablePlace[]): Promise<FoundTable[]> {
  return session.query(
    `SELECT n.nspname AS schema, c.relname AS table, columns.types AS columns,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
     ${tablesWithColumns}
     WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest($1::text[], $2::text[]))
       AND c.relkind IN ('r', 'p') AND ${hasColumns}`,
    [places.map(({ schema }) => schema), places.map(({ table }) => table)],
  );
}

/**
 * Finds all tables in a database that look like migrations tables: by their columns, and `migration` in the name.
 *
 * @returns sorted by schema and name
 */
export function findSimilarTables(session: Session): Promise<TablePlace[]> {
  return session.query(
    `SELECT n.nspname AS schema, c.relname AS table ${tablesWithColumns}
     WHERE c.relname ~* 'migration' AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND ${hasColumns}
     ORDER BY n.nspname, c.relname`,
  );
}

/** A table, and the SQL that returns its rows in the format of drizzle-orm 1.0. */
interface RowSource {
  readonly name: string;
  readonly sql: string;
}

const integers = ["bigint", "integer", "numeric"];

function sourceOf(found: FoundTable): RowSource {
  const { columns } = found;
  const text = (column: string) =>
    columns[column] === undefined ? "NULL::text" : `${column}::text`;
  // drizzle-orm records when a migration was generated, as a number. Others record when it was applied.
  const time = integers.includes(columns.created_at ?? "") ? "created_at::text" : "NULL::text";
  const name = tableName(found);
  return {
    name,
    sql: `(SELECT row_number() OVER (ORDER BY id) AS id, ${text("hash")} AS hash, ${time} AS created_at, ${text("name")} AS name FROM ${name}) AS source`,
  };
}

async function readTogether(
  session: Session,
  sources: readonly RowSource[],
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
    sources.map(({ name }, index) => {
      const rows = known.get(digests[index] ?? "") ?? [];
      return [name, { kind: "table", rows }];
    }),
  );
}

/** Row numbers do not identify a migration: failed attempts leave gaps. */
const digestExpression = `encode(sha256(convert_to(coalesce(string_agg(
  coalesce(hash, '') || ' ' || coalesce(created_at, '') || ' ' || coalesce(name, ''), E'\\n' ORDER BY id), ''), 'UTF8')), 'hex')`;

async function readDigests(session: Session, sources: readonly RowSource[]): Promise<string[]> {
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
  sources: ReadonlyMap<string, RowSource>,
): Promise<Map<string, DrizzleRow[]>> {
  const digests = [...sources.keys()];
  const tables = new Map<string, DrizzleRow[]>(digests.map((digest) => [digest, []]));
  if (digests.length === 0) return tables;
  const selects = [...sources.values()].map(
    ({ sql }, index) => `SELECT ${index} AS index, id, hash, created_at, name FROM ${sql}`,
  );
  const rows = await session.query<{
    index: number;
    hash: string | null;
    created_at: string | null;
    name: string | null;
  }>(`${selects.join("\nUNION ALL\n")}\nORDER BY index, id`);
  for (const { index, hash, created_at, name } of rows) {
    const createdAt = created_at === null ? undefined : Number(created_at);
    tables.get(digests[index] ?? "")?.push({
      hash: hash === null || hash === "" ? undefined : hash,
      createdAt,
      name: name ?? undefined,
    });
  }
  return tables;
}
