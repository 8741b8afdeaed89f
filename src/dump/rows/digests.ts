import { quoteIdentifier } from "../../core/quoting.ts";
import type { Session } from "../../postgres/session.ts";
import type { DumpedTable } from "../types.ts";

type Columns = Pick<DumpedTable, "name" | "columns">;

/** How many tables one query reads. */
const tablesAtOnce = 50;

/**
 * Digests of the rows of tables, independent of their order: the number of rows, and the sum of their hashes. The server
 * computes them and sends no rows.
 *
 * @param session in a transaction in which `setForRows` was called for this schema
 * @returns the digest of each table, by its name
 */
export async function rowDigests(
  session: Session,
  schema: string,
  tables: readonly Columns[],
): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (let start = 0; start < tables.length; start += tablesAtOnce) {
    const some = tables.slice(start, start + tablesAtOnce);
    const selects = some.map((table, position) => digestOf(schema, table, position));
    const rows = await session.query<{ position: number; digest: string }>(
      selects.join("\nUNION ALL "),
    );
    for (const { position, digest } of rows) {
      const table = some[position];
      if (table !== undefined) digests.set(table.name, digest);
    }
  }
  return digests;
}

function digestOf(schema: string, { name, columns }: Columns, position: number): string {
  const row = `pg_catalog.hashtextextended(ARRAY[${columns.map(hashOf).join(", ")}]::bigint[]::text COLLATE "C", 1)`;
  return `SELECT ${position} AS position, pg_catalog.count(*) || ' ' || coalesce(pg_catalog.sum(${row}), 0) AS digest
    FROM ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** Hashes each value as its type writes it. The text of a complete row could be longer than PostgreSQL allows. */
function hashOf(column: string): string {
  const value = quoteIdentifier(column);
  return `CASE WHEN ${value} IS DISTINCT FROM NULL
    THEN pg_catalog.hashtextextended(pg_catalog.format('%s', ${value}) COLLATE "C", 0) END`;
}
