import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Fillable, FillableColumn, FillableTable, ForeignKey } from "./fillable.ts";
import { literalsOf } from "./suggestions.ts";
import { columnValue, conditionOf } from "./values.ts";

/** What the statements for one table are made from. */
export interface Filling {
  readonly schema: string;
  readonly fillable: Fillable;
  readonly table: FillableTable;
  /** How many rows, at least. */
  readonly rows: number;
  /** True: the last row has NULL where it may. */
  readonly nulls: boolean;
  /** Rows that are there already: values begin after them. */
  readonly after: number;
  /** Foreign keys that point to tables which are filled later, or in the same statement's block. */
  readonly open: readonly ForeignKey[];
}

/** One row: its number, which columns are NULL in it, and which have a value of their own, as SQL. */
interface Row {
  readonly number: number;
  readonly bare: boolean;
  /** The number of the row whose values it has, but for those that are to be distinct. */
  readonly like?: number;
  /** The number of the row of another table that its foreign keys point to. */
  readonly parent: number;
  readonly empty: ReadonlySet<string>;
  readonly given: ReadonlyMap<string, string>;
}

const rowColumn = quoteIdentifier("drizzle-fleet row");
const parentColumn = quoteIdentifier("drizzle-fleet parent");

/** Rows of all kinds in one statement; without those that the table's checks or keys would refuse. */
export function insertAll(filling: Filling): string {
  const rows = [...usualRows(filling), twin(filling), ...rowsForChecks(filling)];
  const conditions = filling.table.checks.map(
    ({ definition }) => `(${conditionOf(definition)}) IS NOT FALSE`,
  );
  return `${insertOf(filling, rows, conditions)} ON CONFLICT DO NOTHING`;
}

/** The same in simple statements, for a table that refuses the first one. */
export function insertSimply(filling: Filling): string[] {
  const rows = usualRows({ ...filling, after: filling.after + 100 });
  return [rows.filter(({ bare }) => !bare), rows.filter(({ bare }) => bare)]
    .filter((some) => some.length > 0)
    .map((some) => insertOf(filling, some, []));
}

/** Gives a foreign key that had to wait for the table it points to a value in the first row. */
export function updateOpen({ schema, table }: Filling, key: ForeignKey): string {
  const own = `${quoteIdentifier(schema)}.${quoteIdentifier(table.name)}`;
  const pairs = key.columns.map((column, index) => ({
    column: quoteIdentifier(column),
    key: quoteIdentifier(key.references[index] ?? column),
    settable: table.columns.some(({ name, notNull }) => name === column && !notNull),
  }));
  const set = pairs.filter(({ settable }) => settable);
  const fixed = pairs.filter(({ settable }) => !settable);
  const matches = fixed.map(({ column, key: from }) => `r.${from} = t.${column}`);
  const parent = `${quoteIdentifier(key.schema)}.${quoteIdentifier(key.table)} AS r
    WHERE ${[...pairs.map(({ key: from }) => `r.${from} IS NOT NULL`), ...matches].join(" AND ")}`;
  return `UPDATE ${own} AS t SET (${set.map(({ column }) => column).join(", ")}) =
    (SELECT ${set.map(({ key: from }) => `r.${from}`).join(", ")} FROM ${parent} LIMIT 1)
    WHERE (t.tableoid, t.ctid) = (SELECT f.tableoid, f.ctid FROM ${own} AS f ORDER BY f.tableoid, f.ctid LIMIT 1)
    AND EXISTS (SELECT FROM ${parent})`;
}

function insertOf(filling: Filling, rows: readonly Row[], conditions: readonly string[]): string {
  const { schema, table } = filling;
  const target = `${quoteIdentifier(schema)}.${quoteIdentifier(table.name)}`;
  if (table.columns.length === 0) return `INSERT INTO ${target} DEFAULT VALUES`;
  const columns = table.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return `INSERT INTO ${target} (${columns}) OVERRIDING SYSTEM VALUE
    SELECT ${columns} FROM (${withSelfReferences(filling, sourceOf(filling, rows))}) AS filled ${where} ORDER BY ${rowColumn}`;
}

/** Values of each row, and what its foreign keys point to. */
function sourceOf(filling: Filling, rows: readonly Row[]): string {
  const { columns } = filling.table;
  const looked = lookUps(filling);
  const values = rows.map((row) => {
    const cells = columns.map((column) =>
      looked.has(column.name) ? !row.empty.has(column.name) : cell(filling, column, row),
    );
    return `(${[row.number, row.parent, ...cells].join(", ")})`;
  });
  const names = [rowColumn, parentColumn, ...columns.map(({ name }) => quoteIdentifier(name))];
  const selected = columns.map(({ name }) => {
    const quoted = quoteIdentifier(name);
    const key = looked.get(name);
    return key === undefined
      ? `v.${quoted}`
      : `CASE WHEN v.${quoted} THEN ${key.alias}.${quoted} END AS ${quoted}`;
  });
  const joins = [...new Set(looked.values())].map(({ join }) => join);
  return `SELECT v.${rowColumn}, ${selected.join(", ")}
    FROM (VALUES ${values.join(",\n")}) AS v(${names.join(", ")}) ${joins.join("\n")}`;
}

/** A row of another table that a foreign key points to. */
interface LookUp {
  readonly alias: string;
  readonly join: string;
}

/**
 * Columns that get what they point to, from the row with the same place. Keys that share columns agree; a second key
 * to the same table takes the next row.
 */
function lookUps(filling: Filling): ReadonlyMap<string, LookUp> {
  const found = new Map<string, LookUp>();
  const keys = filling.table.foreignKeys.filter(
    (key) => !filling.open.includes(key) && !isOwn(filling, key),
  );
  for (const [index, key] of keys.entries()) {
    const shift = keys.slice(0, index).filter(({ table }) => table === key.table).length;
    const fresh = key.columns.filter((column) => !found.has(column));
    if (fresh.length === 0) continue;
    const look = lookUp(key, `f${index}`, shift, found);
    for (const column of fresh) found.set(column, look);
  }
  return found;
}

function lookUp(
  key: ForeignKey,
  alias: string,
  shift: number,
  found: ReadonlyMap<string, LookUp>,
): LookUp {
  const pairs = key.columns.map((column, index) => ({
    column: quoteIdentifier(column),
    value: `r.${quoteIdentifier(key.references[index] ?? column)}`,
    earlier: found.get(column)?.alias,
  }));
  const conditions = pairs.map(({ column, value, earlier }) =>
    earlier === undefined ? `${value} IS NOT NULL` : `${value} = ${earlier}.${column}`,
  );
  const parent = `${quoteIdentifier(key.schema)}.${quoteIdentifier(key.table)} AS r WHERE ${conditions.join(" AND ")}`;
  const selected = pairs.map(({ column, value }) => `${value} AS ${column}`).join(", ");
  const join = `LEFT JOIN LATERAL (SELECT ${selected} FROM ${parent} ORDER BY ${pairs.map(({ value }) => value).join(", ")}
    OFFSET (v.${parentColumn} - 1 + ${shift}) % greatest((SELECT count(*) FROM ${parent}), 1) LIMIT 1) AS ${alias} ON true`;
  return { alias, join };
}

function isOwn({ schema, table }: Filling, key: ForeignKey): boolean {
  return key.table === table.name && key.schema === schema;
}

/** A row points to the one before it; to itself where it must point to one, or where several columns are the key. */
function withSelfReferences(filling: Filling, source: string): string {
  const { foreignKeys, columns } = filling.table;
  const own = foreignKeys.filter((key) => isOwn(filling, key));
  const foreign = foreignKeys.filter((key) => !own.includes(key)).flatMap((key) => key.columns);
  const replaced = new Map<string, string>();
  for (const key of own)
    for (const [index, column] of key.columns.entries()) {
      const reference = `s.${quoteIdentifier(key.references[index] ?? column)}`;
      const value = `s.${quoteIdentifier(column)}`;
      if (foreign.includes(column) || value === reference || replaced.has(column)) continue;
      const before =
        key.columns.length > 1 ? reference : `lag(${reference}) OVER (ORDER BY s.${rowColumn})`;
      const isRequired = columns.some(({ name, notNull }) => name === column && notNull);
      const pointed = isRequired ? `coalesce(${before}, ${reference})` : before;
      replaced.set(column, `CASE WHEN ${value} IS NOT NULL THEN ${pointed} END`);
    }
  if (replaced.size === 0) return source;
  const selected = columns.map(({ name }) => {
    const quoted = quoteIdentifier(name);
    return `${replaced.get(name) ?? `s.${quoted}`} AS ${quoted}`;
  });
  return `SELECT s.${rowColumn}, ${selected.join(", ")} FROM (${source}) AS s`;
}

function cell(filling: Filling, column: FillableColumn, row: Row): string {
  const given = row.given.get(column.name);
  if (given !== undefined) return `${given}::${column.sql}`;
  if (row.empty.has(column.name)) return `NULL::${column.sql}`;
  const byDefault = defaultOf(filling, column);
  const isNumbered = column.identity || column.default?.startsWith("nextval(") === true;
  if (byDefault !== undefined && (isNumbered || row.bare)) return `${byDefault}::${column.sql}`;
  const number = column.distinct ? row.number : (row.like ?? row.number);
  const value = valueIn(filling, column, number) ?? byDefault ?? "NULL";
  return `${value}::${column.sql}`;
}

/** Numbers are taken from their sequence, as the rows of tenants have them. */
function defaultOf({ schema, table }: Filling, column: FillableColumn): string | undefined {
  if (column.default !== null) return `(${column.default})`;
  if (!column.identity) return undefined;
  const quoted = `${quoteIdentifier(schema)}.${quoteIdentifier(table.name)}`;
  return `nextval(pg_catalog.pg_get_serial_sequence(${quoteLiteral(quoted)}, ${quoteLiteral(column.name)}))`;
}

function valueIn({ fillable, table, open }: Filling, column: FillableColumn, row: number) {
  const { types, tables } = fillable;
  for (const key of open) {
    // The row with the same number is going to have this key.
    const place = key.columns.indexOf(column.name);
    if (place < 0) continue;
    if (!column.notNull) return "NULL";
    const parent = tables.find(({ name }) => name === key.table);
    const referenced = parent?.columns.find(({ name }) => name === key.references[place]);
    if (parent !== undefined && referenced !== undefined)
      return columnValue(types, referenced, row, checksOf(parent, referenced));
  }
  const bound = boundOf(table, column, row);
  return bound ?? columnValue(types, column, row, checksOf(table, column));
}

/** Checks of this column alone. */
function checksOf(table: FillableTable, { name }: FillableColumn): string[] {
  return table.checks
    .filter(({ columns }) => columns.length === 1 && columns[0] === name)
    .map(({ definition }) => definition);
}

/** A value that a partition takes. */
function boundOf({ partitionKey, bounds }: FillableTable, { name }: FillableColumn, row: number) {
  const place = partitionKey.indexOf(name);
  if (place < 0) return undefined;
  const values = bounds.flatMap((bound) => {
    const list = /^FOR VALUES IN \((.*)\)$/.exec(bound)?.[1];
    const from = /^FOR VALUES FROM \((.*)\) TO \(/.exec(bound)?.[1];
    const found =
      list !== undefined ? literalsOf(list) : literalsOf(from ?? "").slice(place, place + 1);
    return found.filter((value) => value !== "NULL" && value !== "MINVALUE");
  });
  return values[(row - 1) % values.length];
}

function usualRows(filling: Filling): Row[] {
  const { table, nulls, after } = filling;
  const nullable = new Set(
    table.columns.flatMap(({ name, notNull }) =>
      notNull || table.partitionKey.includes(name) ? [] : [name],
    ),
  );
  const rows = countOf(filling);
  return Array.from({ length: rows }, (_, index) => {
    const number = after + index + 1;
    const bare = nulls && index > 0 && index === rows - 1;
    const empty = bare ? nullable : new Set<string>();
    return { number, parent: number, bare, empty, given: new Map() };
  });
}

/** An enum of more values than this does not get a row for each of them. */
const mostLabels = 30;

/** As many rows as are wanted, and at least enough for each value of an enum to be in one that is not bare. */
function countOf({ table, fillable, rows, nulls }: Filling): number {
  const labels = table.columns.map(({ type }) => labelsOf(fillable, type));
  return Math.max(rows, Math.min(Math.max(0, ...labels), mostLabels) + (nulls ? 1 : 0));
}

/** How many values an enum has that a type is made from; 0 for all other types. */
function labelsOf({ types }: Pick<Fillable, "types">, id: string): number {
  const type = types[id];
  if (type === undefined) return 0;
  return type.labels?.length ?? (type.inner === null ? 0 : labelsOf({ types }, type.inner));
}

/**
 * One more row with the values of the first one, where no index keeps them apart: a new unique index is going to meet
 * such rows, and of two rows with one parent a check may want a difference.
 */
function twin(filling: Filling): Row {
  const number = filling.after + countOf(filling) + 1;
  return {
    number,
    like: filling.after + 1,
    parent: 1,
    empty: new Set(),
    bare: false,
    given: new Map(),
  };
}

function wordsOf({ checks }: FillableTable, { name }: FillableColumn): string[] {
  const literals = checks
    .filter(({ columns }) => columns.includes(name))
    .flatMap(({ definition }) => literalsOf(definition));
  return [...new Set(literals)].filter((literal) => literal.startsWith("'"));
}

/** Some checks of several columns want just one of them, or all but one, or one with a certain word. */
const mostRowsForChecks = 40;

function rowsForChecks(filling: Filling): Row[] {
  const { table, fillable, after } = filling;
  const rows = countOf(filling);
  const checks = table.checks.filter(({ columns }) => columns.length > 1);
  const mentioned = table.columns.filter(({ name }) =>
    checks.some(({ columns }) => columns.includes(name)),
  );
  const nullable = mentioned.filter(({ notNull }) => !notNull).map(({ name }) => name);
  const empties = [
    [],
    nullable,
    ...nullable.flatMap((one) => [nullable.filter((name) => name !== one), [one]]),
  ];
  const givens = mentioned.flatMap((column) => {
    const type = fillable.types[column.type];
    const words = type?.labels ?? (type?.category === "S" ? wordsOf(table, column) : []);
    return words
      .slice(0, 4)
      .map((word): [string, string] => [column.name, type?.labels ? quoteLiteral(word) : word]);
  });
  if (checks.length === 0) return [];
  return [undefined, ...givens]
    .flatMap((given) => empties.map((empty) => ({ given, empty })))
    .slice(0, mostRowsForChecks)
    .map(({ given, empty }, index) => ({
      number: after + rows + index + 2,
      parent: index + 1,
      bare: false,
      empty: new Set(empty.filter((name) => name !== given?.[0])),
      given: new Map(given === undefined ? [] : [given]),
    }));
}
