import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { type Fillable, type FillableTable, type ForeignKey, readFillable } from "./fillable.ts";
import { type Filling, insertAll, insertSimply, updateOpen } from "./inserts.ts";

export interface FillOptions {
  /** How many rows an empty table gets, at least. */
  readonly rows: number;
  /** True: one of the rows has NULL in every column that may have it, and the default in every other one with a default. */
  readonly nulls: boolean;
  /** What is on the search_path after the schema, for the functions that triggers and defaults call. */
  readonly sharedSchemas?: readonly string[];
  /**
   * What the last call for this schema returned: tables that did not change since are not asked to take more, and those
   * that did get rows of their new shape, as tenants go on to write them.
   */
  readonly before?: Filled;
}

export interface Filled {
  /** By name, every table of the schema but partitions and the ledger. */
  readonly tables: ReadonlyMap<string, FilledTable>;
}

interface FilledTable {
  readonly rows: number;
  /** Why it has no rows, or not all kinds of them, in the server's words. */
  readonly refused: string | undefined;
  /** Changes when the table does. */
  readonly shape: string;
}

/** Rows, values that are not NULL by column, in the order of the columns. */
type Counts = ReadonlyMap<string, readonly [rows: number, ...values: number[]]>;

/**
 * Gives every table of a schema rows, so that a migration meets what it will meet in tenants: values of each type,
 * NULL where it may be, keys that point to rows. Tables that have rows get more only if they changed since the last
 * call or, without one, if a column lacks a value or a NULL. Triggers, policies, rules and checks are in force; a table that refuses its rows stays as it is, and the
 * result says so. Writes to no other schema, unless a trigger does.
 *
 * Takes five round trips; two if nothing is missing. Works in a transaction as outside of one; in a transaction
 * deferred constraints are checked at once from then on.
 *
 * @throws the server's error when the catalog cannot be read or the session is lost, never for rows
 */
export async function fillTables(
  session: Session,
  schema: string,
  options: FillOptions,
): Promise<Filled> {
  const [before] = await session.query<{ path: string }>(
    "SELECT pg_catalog.current_setting('search_path') AS path, pg_catalog.set_config('search_path', $1, false)",
    [[schema, ...(options.sharedSchemas ?? [])].map(quoteIdentifier).join(", ")],
  );
  try {
    return await fill(session, schema, options);
  } finally {
    if (!session.lost)
      await session.query("SELECT pg_catalog.set_config('search_path', $1, false)", [before?.path]);
  }
}

async function fill(session: Session, schema: string, options: FillOptions): Promise<Filled> {
  const fillable = await readFillable(session, schema);
  const counts = await countRows(session, schema, fillable.tables);
  const shapes = new Map(fillable.tables.map((table) => [table.name, shapeOf(fillable, table)]));
  const wanting = fillable.tables.filter((table) => {
    const earlier = options.before?.tables.get(table.name)?.shape;
    const found = counts.get(table.name) ?? [0];
    if (found[0] === 0) return true;
    return earlier === undefined
      ? isLacking(table, found, options)
      : earlier !== shapes.get(table.name);
  });
  const units = unitsOf(fillable.tables, schema).map((unit) =>
    unit.filter(({ table }) => wanting.includes(table)),
  );
  const refused = await insert(session, fillable, units, { schema, counts, options });
  const after = wanting.length === 0 ? counts : await countRows(session, schema, fillable.tables);
  const tables = fillable.tables.map(({ name }): [string, FilledTable] => [
    name,
    {
      rows: after.get(name)?.[0] ?? 0,
      refused: refused.get(name) ?? options.before?.tables.get(name)?.refused,
      shape: shapes.get(name) ?? "",
    },
  ]);
  return { tables: new Map(tables) };
}

/** True when some column has no value, or no NULL where it may have one. */
function isLacking(
  { columns, partitionKey }: FillableTable,
  [rows, ...values]: readonly [number, ...number[]],
  { nulls }: FillOptions,
): boolean {
  return columns.some(
    ({ name, notNull }, index) =>
      values[index] === 0 ||
      (nulls && !notNull && !partitionKey.includes(name) && values[index] === rows),
  );
}

function shapeOf({ types }: Fillable, table: FillableTable): string {
  return JSON.stringify([table, table.columns.map(({ type }) => types[type])]);
}

async function countRows(
  session: Session,
  schema: string,
  tables: readonly FillableTable[],
): Promise<Counts> {
  if (tables.length === 0) return new Map();
  const selects = tables.map(({ name, columns }, index) => {
    const counted = [
      "count(*)",
      ...columns.map((column) => `count(${quoteIdentifier(column.name)})`),
    ];
    return `SELECT ${index} AS table, ARRAY[${counted.join(", ")}]::integer[] AS counts FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  });
  const rows = await session.query<{ table: number; counts: [number, ...number[]] }>(
    selects.join("\nUNION ALL "),
  );
  return new Map(rows.map(({ table, counts }) => [tables[table]?.name ?? "", counts]));
}

/** A table, and its foreign keys to tables that come after it. */
interface Placed {
  readonly table: FillableTable;
  readonly open: readonly ForeignKey[];
}

/**
 * Tables in the order of their foreign keys. In a circle a key that may be NULL waits; tables that must point to each
 * other, with keys that are checked later, are one unit.
 */
function unitsOf(tables: readonly FillableTable[], schema: string): Placed[][] {
  const placed = new Set<string>();
  const units: Placed[][] = [];
  let unit: Placed[] = [];
  let rest = [...tables];
  while (rest.length > 0) {
    const waiting = (table: FillableTable) =>
      table.foreignKeys.filter(
        (key) =>
          key.schema === schema &&
          key.table !== table.name &&
          rest.some(({ name }) => name === key.table),
      );
    const mayWait = (table: FillableTable) =>
      waiting(table).every((key) => !isRequired(table, key) || key.deferrable);
    const next = rest.find((table) => waiting(table).length === 0) ?? rest.find(mayWait) ?? rest[0];
    if (next === undefined) break;
    unit.push({ table: next, open: waiting(next) });
    placed.add(next.name);
    rest = rest.filter((table) => table !== next);
    const isClosed = unit.every(({ table, open }) =>
      open.every((key) => !isRequired(table, key) || placed.has(key.table)),
    );
    if (!isClosed && rest.length > 0) continue;
    units.push(unit);
    unit = [];
  }
  return units;
}

/** True when no column of the key may be NULL. */
function isRequired({ columns }: FillableTable, key: ForeignKey): boolean {
  return key.columns.every((column) =>
    columns.some(({ name, notNull }) => name === column && notNull),
  );
}

/** Alternatives for one unit: the first; where it fails or finds no place for a row, each of the others. */
interface Attempt {
  readonly tables: readonly string[];
  readonly first: readonly string[];
  readonly others: readonly string[];
}

/** Where the server keeps what went wrong until it is asked. */
const resultSetting = "drizzle_fleet.refused_rows";

/** Each attempt is a subtransaction, so that one table's refusal is its own. Returns the reasons by table. */
async function insert(
  session: Session,
  fillable: Fillable,
  units: readonly (readonly Placed[])[],
  { schema, counts, options }: { schema: string; counts: Counts; options: FillOptions },
): Promise<Map<string, string>> {
  const { rows, nulls } = options;
  const fillings = units.map((unit) =>
    unit.map(({ table, open }): Filling => {
      const after = counts.get(table.name)?.[0] ?? 0;
      return { schema, fillable, table, open, rows, nulls, after };
    }),
  );
  const inserts = fillings
    .filter((unit) => unit.length > 0)
    .map(
      (unit): Attempt => ({
        tables: unit.map(({ table }) => table.name),
        first: unit.map(insertAll),
        others: unit.flatMap(insertSimply),
      }),
    );
  const updates = fillings
    .flat()
    .flatMap((filling) =>
      filling.open
        .filter((key) => !isRequired(filling.table, key))
        .map((key): Attempt => ({ tables: [], first: [updateOpen(filling, key)], others: [] })),
    );
  if (inserts.length === 0) return new Map();
  await session.query(`DO ${quoteLiteral(attempting([...inserts, ...updates]))}`);
  const [result] = await session.query<{ refused: Record<string, string> }>(
    `SELECT pg_catalog.current_setting('${resultSetting}')::jsonb AS refused`,
  );
  return new Map(Object.entries(result?.refused ?? {}));
}

function attempting(attempts: readonly Attempt[]): string {
  return `
DECLARE
  attempt jsonb; statement text; name text; inserted bigint; reason text; refused jsonb := '{}';
BEGIN
  FOR attempt IN SELECT * FROM jsonb_array_elements(${quoteLiteral(JSON.stringify(attempts))}::jsonb) LOOP
    reason := NULL;
    BEGIN
      SET CONSTRAINTS ALL DEFERRED;
      FOR statement IN SELECT * FROM jsonb_array_elements_text(attempt->'first') LOOP
        EXECUTE statement;
        GET DIAGNOSTICS inserted = ROW_COUNT;
        IF inserted = 0 THEN reason := 'its checks or keys leave no place for another row'; END IF;
      END LOOP;
      SET CONSTRAINTS ALL IMMEDIATE;
    EXCEPTION WHEN OTHERS THEN reason := SQLERRM;
    END;
    IF reason IS NULL THEN CONTINUE; END IF;
    FOR name IN SELECT * FROM jsonb_array_elements_text(attempt->'tables') LOOP
      refused := refused || jsonb_build_object(name, reason);
    END LOOP;
    FOR statement IN SELECT * FROM jsonb_array_elements_text(attempt->'others') LOOP
      BEGIN
        EXECUTE statement;
        SET CONSTRAINTS ALL IMMEDIATE;
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END LOOP;
  END LOOP;
  PERFORM set_config('${resultSetting}', refused::text, false);
END`;
}
