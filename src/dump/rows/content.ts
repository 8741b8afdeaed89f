import type { SequencePosition } from "../../catalog/sequence-positions.ts";
import { quoteIdentifier, quoteLiteral } from "../../core/quoting.ts";
import type { Session } from "../../postgres/session.ts";
import type { DumpedTable } from "../types.ts";

/** A row: each value as its type's output function writes it, in the order of the table's `columns`. */
export type TextRow = readonly (string | null)[];

export interface TableContent {
  readonly table: DumpedTable;
  readonly rows: readonly TextRow[];
}

/** Settings with which rows are read and written: the role's own could change their text. */
export const rowSettings = (schema: string) => `SET LOCAL row_security = off;
SET LOCAL search_path = ${quoteIdentifier(schema)}, pg_temp;
SET LOCAL DateStyle = ISO;
SET LOCAL IntervalStyle = postgres;
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = hex;
SET LOCAL lc_monetary = 'C';
SET LOCAL TimeZone = 'UTC'`;

/**
 * Reads the rows of tables, ordered by primary key or, without one, by all columns as text.
 *
 * @param session in no transaction
 * @param limits.maxRows the maximum number of rows in all tables together
 * @returns the tables that have rows; undefined if they have more than `maxRows`
 */
export async function dumpContent(
  session: Session,
  schema: string,
  tables: readonly DumpedTable[],
  limits: { readonly maxRows: number },
): Promise<TableContent[] | undefined> {
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    await session.script(rowSettings(schema));
    const filled = await filledTables(session, schema, tables, limits.maxRows);
    return filled === undefined ? undefined : await readRows(session, schema, filled);
  } finally {
    if (!session.lost) await session.query("ROLLBACK");
  }
}

async function filledTables(
  session: Session,
  schema: string,
  tables: readonly DumpedTable[],
  maxRows: number,
): Promise<DumpedTable[] | undefined> {
  if (tables.length === 0) return [];
  const each = tables.map(
    (table, position) => `SELECT ${position} AS position FROM ${nameIn(schema, table)}`,
  );
  const counts = await session.query<{ position: number; count: number }>(
    `SELECT position, count(*)::int AS count FROM (SELECT * FROM (${each.join("\nUNION ALL ")}) a LIMIT ${maxRows + 1}) r
     GROUP BY position ORDER BY position`,
  );
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  if (total > maxRows) return undefined;
  return counts.flatMap(({ position }) => tables[position] ?? []);
}

async function readRows(
  session: Session,
  schema: string,
  tables: readonly DumpedTable[],
): Promise<TableContent[]> {
  if (tables.length === 0) return [];
  const selects = tables.map((table, position) => {
    const values = `ARRAY[${table.columns.map(asText).join(", ")}]::text[]`;
    const order =
      table.key.length > 0
        ? table.key.map(quoteIdentifier)
        : table.columns.map((column) => `${asText(column)} COLLATE "C"`);
    const number = order.length === 0 ? "" : `ORDER BY ${order.join(", ")}`;
    return `SELECT ${position} AS position, row_number() OVER (${number}) AS number, ${values} AS values FROM ${nameIn(schema, table)}`;
  });
  const rows = await session.query<{ position: number; values: TextRow }>(
    `SELECT position, values FROM (${selects.join("\nUNION ALL ")}) a ORDER BY position, number`,
  );
  const contents = tables.map((table) => ({ table, rows: [] as TextRow[] }));
  for (const { position, values } of rows) contents[position]?.rows.push(values);
  return contents;
}

/**
 * A value as its type's output function writes it. A cast to text would remove trailing blanks of a char. IS NOT NULL would
 * be false for a composite value with a NULL in it.
 */
function asText(column: string): string {
  const name = quoteIdentifier(column);
  return `CASE WHEN ${name} IS DISTINCT FROM NULL THEN pg_catalog.format('%s', ${name}) END`;
}

function nameIn(schema: string, { name }: DumpedTable): string {
  return `ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** The maximum number of rows in one INSERT. */
const rowsPerInsert = 500;

/**
 * SQL that inserts rows into a table of the schema that is first on the search_path, as one or more statements. The
 * literals have no type, so that each column's own type reads them.
 */
export function insertsOf(table: DumpedTable, rows: readonly TextRow[]): string[] {
  const name = quoteIdentifier(table.name);
  if (table.columns.length === 0) return rows.map(() => `INSERT INTO ${name} DEFAULT VALUES`);
  const columns = table.columns.map(quoteIdentifier).join(", ");
  const inserts: string[] = [];
  for (let start = 0; start < rows.length; start += rowsPerInsert) {
    const tuples = rows.slice(start, start + rowsPerInsert).map(tupleOf);
    inserts.push(
      `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE VALUES\n${tuples.join(",\n")}`,
    );
  }
  return inserts;
}

function tupleOf(row: TextRow): string {
  return `(${row.map((value) => (value === null ? "NULL" : quoteLiteral(value))).join(", ")})`;
}

/** SQL that sets sequences of the schema that is first on the search_path. */
export function setSequences(sequences: readonly SequencePosition[]): string[] {
  if (sequences.length === 0) return [];
  const calls = sequences.map(({ name, lastValue, isCalled }) => {
    const sequence = quoteLiteral(quoteIdentifier(name));
    return `pg_catalog.setval(${sequence}, ${lastValue}, ${isCalled})`;
  });
  return calls.map((call) => `SELECT ${call}`);
}
