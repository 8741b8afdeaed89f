import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { FillableColumn, FillableTable, ForeignKey } from "./fillable.ts";
import { type Filling, type InsertedRow, rowsForChecks, twin, usualRows } from "./invented-rows.ts";
import { lookUps, parentColumn, rowColumn, withSelfReferences } from "./row-references.ts";
import { literalsOf } from "./suggestions.ts";
import { columnValue, conditionOf } from "./values.ts";

/** All kinds of rows in one statement, except those that the table's checks or keys would refuse. */
export function insertAll(filling: Filling): string {
  const rows = [...usualRows(filling), twin(filling), ...rowsForChecks(filling)];
  const conditions = filling.table.checks.map(
    ({ definition }) => `(${conditionOf(definition)}) IS NOT FALSE`,
  );
  return `${insertOf(filling, rows, conditions)} ON CONFLICT DO NOTHING`;
}

/** The usual rows in simple statements, for a table that refuses the first statement. */
export function insertSimply(filling: Filling): string[] {
  const rows = usualRows({ ...filling, after: filling.after + 100 });
  return [rows.filter(({ bare }) => !bare), rows.filter(({ bare }) => bare)]
    .filter((some) => some.length > 0)
    .map((some) => insertOf(filling, some, []));
}

/** Sets a foreign key in the first row, after the table that it refers to was filled. */
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

function insertOf(
  filling: Filling,
  rows: readonly InsertedRow[],
  conditions: readonly string[],
): string {
  const { schema, table } = filling;
  const target = `${quoteIdentifier(schema)}.${quoteIdentifier(table.name)}`;
  if (table.columns.length === 0) return `INSERT INTO ${target} DEFAULT VALUES`;
  const columns = table.columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return `INSERT INTO ${target} (${columns}) OVERRIDING SYSTEM VALUE
    SELECT ${columns} FROM (${withSelfReferences(filling, sourceOf(filling, rows))}) AS filled ${where} ORDER BY ${rowColumn}`;
}

/** The values of each row, joined with the rows that its foreign keys refer to. */
function sourceOf(filling: Filling, rows: readonly InsertedRow[]): string {
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

function cell(filling: Filling, column: FillableColumn, row: InsertedRow): string {
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

/** The default of a column; for an identity column, the next number of its sequence. */
function defaultOf({ schema, table }: Filling, column: FillableColumn): string | undefined {
  if (column.default !== null) return `(${column.default})`;
  if (!column.identity) return undefined;
  const quoted = `${quoteIdentifier(schema)}.${quoteIdentifier(table.name)}`;
  return `nextval(pg_catalog.pg_get_serial_sequence(${quoteLiteral(quoted)}, ${quoteLiteral(column.name)}))`;
}

function valueIn({ fillable, table, open }: Filling, column: FillableColumn, row: number) {
  const { types, tables } = fillable;
  for (const key of open) {
    // The row with the same number in that table will have this key.
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

/** The checks of this column alone. */
function checksOf(table: FillableTable, { name }: FillableColumn): string[] {
  return table.checks
    .filter(({ columns }) => columns.length === 1 && columns[0] === name)
    .map(({ definition }) => definition);
}

/** A value that one of the partitions accepts. */
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
