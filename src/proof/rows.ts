import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { type Fillable, type FillableTable, type ForeignKey, readFillable } from "./fillable.ts";
import { insertAll, insertSimply, updateOpen } from "./inserts.ts";
import type { Filling } from "./invented-rows.ts";

export interface FillOptions {
  /** The minimum number of rows for an empty table. */
  readonly rows: number;
  /** True if one row has NULL in every nullable column, and the default in other columns that have one. */
  readonly nulls: boolean;
  /** The schemas after this one on the search_path, for functions that triggers and defaults call. */
  readonly sharedSchemas?: readonly string[];
  /**
   * The result of the last call for this schema: tables that did not change since then get no more rows, and changed
   * tables get rows of their new shape, as applications would insert them.
   */
  readonly before?: Filled;
}

export interface Filled {
  /** By name, every table of the schema except partitions and the ledger. */
  readonly tables: ReadonlyMap<string, FilledTable>;
}

interface FilledTable {
  readonly rows: number;
  /** The server's error if it has no rows, or not all kinds of rows. */
  readonly refused: string | undefined;
  /** Changes when the table does. */
  readonly shape: string;
}

/** By table: the number of rows, then the number of values that are not NULL for each column in order. */
type Counts = ReadonlyMap<string, readonly [rows: number, ...values: number[]]>;

/**
 * Inserts rows into every table of a schema, so that a migration runs on data like that of tenants: values of each type,
 * NULL where it is allowed, and foreign keys that refer to rows. Tables with rows get more only if they changed since the
 * last call or, without a last call, if a column has no value or no NULL. Triggers, policies, rules and checks are in
 * force; a table that refuses rows is not changed, and the result contains the reason. Only triggers can write to other
 * schemas.
 *
 * Takes five round trips, or two if nothing is missing. Can run in a transaction; then deferred constraints are checked
 * immediately from then on.
 *
 * @throws the server's error if the catalog cannot be read or the session is lost, never for rows
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
  const units = tableUnits(fillable.tables, schema).map((unit) =>
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

/** True if a column has no value, or a nullable column has no NULL. */
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

/** A table, and its foreign keys to tables that are filled after it. */
interface OrderedTable {
  readonly table: FillableTable;
  readonly open: readonly ForeignKey[];
}

/**
 * Tables in the order of their foreign keys. In a cycle, a nullable key is filled later; tables that require each other,
 * with deferrable keys, form one unit.
 */
function tableUnits(tables: readonly FillableTable[], schema: string): OrderedTable[][] {
  const placed = new Set<string>();
  const units: OrderedTable[][] = [];
  let unit: OrderedTable[] = [];
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

/** True if all columns of the key are NOT NULL. */
function isRequired({ columns }: FillableTable, key: ForeignKey): boolean {
  return key.columns.every((column) =>
    columns.some(({ name, notNull }) => name === column && notNull),
  );
}

/** The statements for one unit. If one of the first fails or inserts no row, the others run, each on its own. */
interface Attempt {
  readonly tables: readonly string[];
  readonly first: readonly string[];
  readonly others: readonly string[];
}

/** The setting in which the server keeps the errors until they are read. */
const resultSetting = "drizzle_fleet.refused_rows";

/** Inserts rows, each attempt in a subtransaction so that errors do not affect other tables. Returns errors by table. */
async function insert(
  session: Session,
  fillable: Fillable,
  units: readonly (readonly OrderedTable[])[],
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
        IF inserted = 0 THEN reason := 'its checks or keys do not allow another row'; END IF;
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
