import type { TestDatabase } from "../database.ts";
import { type ColumnModel, columnOf, idsIn, type Model, type TableModel } from "./model.ts";

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (value: string) => `'${value.replaceAll("'", "''")}'`;

/**
 * Inserts three rows into each empty table: the second one has NULL where possible, and the third one has the values of
 * the first one where possible. Enum values are those of both schemas.
 */
export async function writeRows(
  database: TestDatabase,
  schema: string,
  model: Model,
  later: Model,
): Promise<void> {
  for (const table of inOrder(model)) {
    const name = `${quoted(schema)}.${quoted(table.name)}`;
    const [{ empty } = { empty: false }] = await database.query<{ empty: boolean }>(
      `SELECT NOT EXISTS (SELECT FROM ${name}) AS empty`,
    );
    if (empty) await insert(database, { schema, model, later }, table, [1, 2, 3]);
  }
}

/** Inserts two more rows into each table, as tenants do after a migration. Enum values are those of the new schema. */
export async function writeMore(
  database: TestDatabase,
  schema: string,
  model: Model,
  turn: number,
): Promise<void> {
  for (const table of inOrder(model))
    await insert(database, { schema, model, later: model }, table, [turn * 2 + 2, turn * 2 + 3]);
}

interface Place {
  readonly schema: string;
  readonly model: Model;
  readonly later: Model;
}

async function insert(
  database: TestDatabase,
  place: Place,
  table: TableModel,
  rows: readonly number[],
): Promise<void> {
  const columns = table.columns.filter(({ generated }) => generated === undefined);
  const values = rows.map(
    (row) => `(${columns.map((column) => valueIn(place, table, column, row)).join(", ")})`,
  );
  await database.query(
    `INSERT INTO ${quoted(place.schema)}.${quoted(table.name)} (${columns.map((column) => quoted(column.name)).join(", ")}) VALUES ${values.join(", ")}`,
  );
}

/** Orders tables after those that they refer to. Foreign keys to the same table, or in a cycle, stay NULL. */
function inOrder(model: Model): TableModel[] {
  const done: TableModel[] = [];
  let rest = [...model.tables];
  while (rest.length > 0) {
    const next =
      rest.find((table) =>
        parentsOf(table).every((id) => done.some((one) => one.id === id) || id === table.id),
      ) ?? rest[0];
    if (next === undefined) break;
    done.push(next);
    rest = rest.filter((table) => table !== next);
  }
  return done;
}

function parentsOf(table: TableModel): number[] {
  return [
    ...table.foreignKeys.map((key) => key.table),
    ...table.columns.flatMap(({ references }) => references?.table ?? []),
  ];
}

function valueIn(
  { schema, model, later }: Place,
  table: TableModel,
  column: ColumnModel,
  row: number,
): string {
  if (row % 2 === 0 && !column.notNull && !table.primaryKey.includes(column.id)) return "NULL";
  const parent = parentOf(table, column);
  if (parent !== undefined) {
    const named = (id: number) => quoted(columnOf(model, id).name);
    const name = quoted(model.tables.find(({ id }) => id === parent.table)?.name ?? "");
    const from = `FROM ${quoted(schema)}.${name}`;
    // All columns of a key must use the same order.
    return `(SELECT ${named(parent.column)} ${from} ORDER BY ${parent.key.map(named).join(", ")}
      OFFSET ${row - 1} % greatest((SELECT count(*) ${from}), 1) LIMIT 1)`;
  }
  if (column.kind === "serial" || column.kind === "identity") return "DEFAULT";
  const values = model.enums.find(({ id }) => id === column.enumId)?.values ?? [];
  const kept = later.enums.find(({ id }) => id === column.enumId)?.values ?? values;
  const common = values.filter((value) => kept.includes(value));
  const like = row === 3 && !isDistinct(table, column) ? 1 : row;
  return plainValue(column, like, common.length > 0 ? common : values);
}

function isDistinct(
  { primaryKey, uniques, indexes }: TableModel,
  { id, unique }: ColumnModel,
): boolean {
  return (
    unique ||
    primaryKey.includes(id) ||
    uniques.some(({ columns }) => columns.includes(id)) ||
    indexes.some((index) => index.unique && idsIn(index.on).includes(id))
  );
}

function parentOf(table: TableModel, column: ColumnModel) {
  if (column.references !== undefined)
    return { ...column.references, key: [column.references.column] };
  for (const { columns, references, table: parent } of table.foreignKeys) {
    const reference = references[columns.indexOf(column.id)];
    if (reference !== undefined && columns.includes(column.id))
      return { table: parent, column: reference, key: references };
  }
  return undefined;
}

function plainValue({ kind, id }: ColumnModel, row: number, values: readonly string[]): string {
  const word = `word ${row} of ${id % 10}`;
  switch (kind) {
    case "integer":
    case "smallint":
    case "bigint":
      return String(row * 7);
    case "numeric":
      return `${row}.25`;
    case "uuid":
      return `'12345678-0000-4000-8000-0000000000${10 + row}'`;
    case "boolean":
      return row % 2 === 0 ? "true" : "false";
    case "timestamp":
    case "date":
      return `'2024-02-${10 + row}'`;
    case "jsonb":
      return `'{"row": ${row}}'`;
    case "texts":
      return `ARRAY['a', ${literal(word)}]`;
    case "enum":
      return literal(values[row % values.length] ?? "");
    case "enums":
      return literal(`{${values.map((value) => `"${value.replaceAll('"', '\\"')}"`).join(",")}}`);
    default:
      return literal(word);
  }
}

/** The rows of the tables in both schemas, by table id, with the columns that have the same type in both. */
export async function keptRows(
  database: TestDatabase,
  schema: string,
  model: Model,
  other: Model,
): Promise<Record<string, readonly string[]>> {
  const kept: Record<string, readonly string[]> = {};
  for (const table of model.tables) {
    const same = other.tables.find(({ id }) => id === table.id);
    if (same === undefined) continue;
    const columns = table.columns.filter((column) => isKept(column, table, same));
    const values = columns
      .toSorted((left, right) => left.id - right.id)
      .map(({ name }) => `${quoted(name)}::text`);
    const rows = await database.query<{ row: string[] }>(
      `SELECT ARRAY[${values.join(", ")}]::text[] AS row FROM ${quoted(schema)}.${quoted(table.name)}`,
    );
    kept[`table ${table.id}`] = rows.map(({ row }) => JSON.stringify(row)).sort();
  }
  return kept;
}

/** True if a column keeps its data. drizzle-kit takes a column with another one's former name for that one. */
function isKept(column: ColumnModel, table: TableModel, other: TableModel): boolean {
  const same = other.columns.find(({ id }) => id === column.id);
  if (same === undefined || same.kind !== column.kind) return false;
  if (same.generated !== undefined || column.generated !== undefined) return false;
  const has = ({ columns }: TableModel, wanted: string) =>
    columns.some(({ name }) => name === wanted);
  return same.name === column.name || (!has(other, column.name) && !has(table, same.name));
}
