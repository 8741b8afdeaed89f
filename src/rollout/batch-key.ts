import type { BatchedWork } from "../core/batch.ts";
import { shortList } from "../core/count.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";

/** The table cannot be divided by these columns. */
class BatchKeyError extends Error {
  override readonly name = "BatchKeyError";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

interface FoundTable {
  readonly missing: readonly string[];
  readonly nullable: readonly string[];
  readonly isUnique: boolean;
  /** The columns of the primary key, in order. */
  readonly primary: readonly string[];
  /** PostgreSQL's estimate of the number of rows; negative if it has none. */
  readonly rows: number;
}

/**
 * Checks that a table has an index which the batches can follow: unique, so that they have a limit, and without NULL, which
 * no range contains.
 *
 * @returns PostgreSQL's estimate of the number of rows, if it has one
 * @throws BatchKeyError
 */
export async function checkBatchKey(
  session: Session,
  schema: string,
  { table, by }: BatchedWork,
): Promise<number | undefined> {
  const [found] = await session.query<{ [key in keyof FoundTable]: FoundTable[key] }>(tableQuery, [
    schema,
    table,
    by,
  ]);
  if (found === undefined)
    throw new BatchKeyError(`the tenant schema has no table "${table}" to change in batches`);
  const { missing, nullable, isUnique, primary, rows } = found;
  const of = `of table "${table}"`;
  const hint = primary.length === 0 ? undefined : `Its primary key is: ${primary.join(", ")}`;
  const [absent] = missing;
  if (absent !== undefined)
    throw new BatchKeyError(
      `column "${absent}" ${of}, which the batches go by, does not exist`,
      hint,
    );
  const [empty] = nullable;
  if (empty !== undefined)
    throw new BatchKeyError(`column "${empty}" ${of}, which the batches go by, can be null`, hint);
  if (!isUnique)
    throw new BatchKeyError(
      `the batches go by (${shortList(by)}) ${of}, but no unique index has these columns, in this order`,
      hint,
    );
  return rows < 0 ? undefined : Math.round(rows);
}

/** Parameters: schema, table, columns. A partial index, or one of expressions, cannot be followed. */
const tableQuery = `WITH found AS (
  SELECT c.oid, c.relkind, c.reltuples FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
), columns AS (
  SELECT a.attname, a.attnotnull FROM pg_catalog.pg_attribute a JOIN found ON found.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped
), keys AS (
  SELECT i.indisprimary, ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
      WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS names
  FROM pg_catalog.pg_index i JOIN found ON found.oid = i.indrelid
  WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
)
SELECT
  ARRAY(SELECT name FROM pg_catalog.unnest($3::text[]) name WHERE NOT EXISTS (SELECT FROM columns WHERE attname = name)) AS missing,
  ARRAY(SELECT attname::text FROM columns WHERE attname = ANY($3::text[]) AND NOT attnotnull) AS nullable,
  EXISTS (SELECT FROM keys WHERE names = $3::text[]) AS "isUnique",
  coalesce((SELECT names FROM keys WHERE indisprimary), '{}') AS "primary",
  coalesce((SELECT sum(greatest(p.reltuples, 0)) FROM pg_catalog.pg_partition_tree(c.oid) t
    JOIN pg_catalog.pg_class p ON p.oid = t.relid WHERE t.isleaf AND c.relkind = 'p'), c.reltuples)::float8 AS rows
FROM found c`;

/** A key as text that a session with another DateStyle reads in the same way. */
function asText(column: string): string {
  return `CASE WHEN pg_catalog.pg_typeof(${column}) = ANY ('{date,timestamp,timestamptz}'::pg_catalog.regtype[])
    THEN pg_catalog.to_jsonb(${column}) #>> '{}' ELSE ${column}::text END`;
}

/**
 * The last key of the next batch.
 *
 * @param after the last key of the batch before it
 * @returns undefined if the rest of the table is smaller than a batch
 */
export async function endOfBatch(
  session: Session,
  schema: string,
  work: BatchedWork,
  after: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  const { table, only, by, size } = work;
  const columns = by.map((column) => `batch.${quoteIdentifier(column)}`);
  const from = `${only ? "ONLY " : ""}${quoteIdentifier(schema)}.${quoteIdentifier(table)} AS batch`;
  const where = after === undefined ? "" : ` WHERE ${compare(columns, ">", after)}`;
  const [row] = await session.query<{ key: readonly string[] }>(
    `SELECT ARRAY[${columns.map(asText).join(", ")}] AS key FROM ${from}${where}
     ORDER BY ${columns.join(", ")} LIMIT 1 OFFSET ${size - 1}`,
  );
  return row?.key;
}

/** The condition for the rows of a batch, as SQL. Without an end, for all rows after its beginning. */
export function batchRange(
  { alias, by }: BatchedWork,
  after: readonly string[] | undefined,
  end: readonly string[] | undefined,
): string {
  const columns = by.map((column) => `${quoteIdentifier(alias)}.${quoteIdentifier(column)}`);
  const limits = [
    ...(after === undefined ? [] : [compare(columns, ">", after)]),
    ...(end === undefined ? [] : [compare(columns, "<=", end)]),
  ];
  return limits.length === 0 ? "true" : limits.join(" AND ");
}

/** A literal without a type takes the type of its column. */
function compare(columns: readonly string[], operator: string, key: readonly string[]): string {
  const values = key.map(quoteLiteral);
  return columns.length === 1
    ? `${columns.join()} ${operator} ${values.join()}`
    : `(${columns.join(", ")}) ${operator} (${values.join(", ")})`;
}
