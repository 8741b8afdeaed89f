import type { Random } from "../random.ts";

/**
 * A Drizzle schema as data. Everything has an id, which a rename does not change. Expressions name a column by its id
 * in braces: `{3}`.
 */
export interface Model {
  nextId: number;
  enums: EnumModel[];
  tables: TableModel[];
  views: ViewModel[];
  sequences: SequenceModel[];
}

export interface EnumModel {
  readonly id: number;
  name: string;
  values: string[];
}

export type ColumnKind =
  | "integer"
  | "smallint"
  | "bigint"
  | "serial"
  | "identity"
  | "text"
  | "varchar"
  | "uuid"
  | "boolean"
  | "numeric"
  | "timestamp"
  | "date"
  | "jsonb"
  | "enum"
  | "enums"
  | "texts";

export interface ColumnModel {
  readonly id: number;
  name: string;
  kind: ColumnKind;
  /** The enum of a column of kind `enum`, or `enums`, which is an array. */
  enumId?: number | undefined;
  notNull: boolean;
  unique: boolean;
  /** A JavaScript expression for `.default()`. */
  default?: string | undefined;
  /** SQL with `{id}` for columns of the same table. */
  generated?: string | undefined;
  /** A foreign key that is declared in the column. */
  references?:
    | { readonly table: number; readonly column: number; onDelete?: string | undefined }
    | undefined;
}

export interface TableModel {
  readonly id: number;
  name: string;
  columns: ColumnModel[];
  /** With one column, the key is declared in the column. */
  primaryKey: number[];
  uniques: { readonly id: number; name: string; columns: number[] }[];
  foreignKeys: {
    readonly id: number;
    name: string;
    columns: number[];
    table: number;
    references: number[];
  }[];
  indexes: {
    readonly id: number;
    name: string;
    unique: boolean;
    on: string;
    where?: string | undefined;
  }[];
  checks: { readonly id: number; name: string; sql: string }[];
  policies: { readonly id: number; name: string; using: string }[];
}

export interface ViewModel {
  readonly id: number;
  name: string;
  materialized: boolean;
  /** True if Drizzle's query builder defines it, not SQL. */
  built: boolean;
  /** The table or view that it reads. */
  source: number;
  /** The columns that it shows. */
  columns: number[];
  where?: string | undefined;
}

interface SequenceModel {
  readonly id: number;
  name: string;
  start: number;
  increment: number;
}

/** Ordinary names, and some that need quotes or are SQL keywords. */
const words = [
  "amount",
  "label",
  "state",
  "kind",
  "ownerId",
  "order",
  "group",
  "due at",
  "note-text",
  "rank",
  "code",
  "title",
  "Total",
  "user",
];
const tableWords = [
  "accounts",
  "orders",
  "Items",
  "user",
  "line-items",
  "teams",
  "files",
  "log entries",
  "members",
  "tags",
];
const valueWords = [
  "new",
  "in-progress",
  "done",
  "on hold",
  "a:b",
  "x,y",
  "archived",
  "Closed",
  "deleted",
  "waiting",
  "lost",
];

function freshName(random: Random, taken: readonly string[], from: readonly string[]): string {
  const free = from.filter((word) => !taken.includes(word));
  if (free.length > 0 && random.chance(0.8)) return pick(random, free);
  for (;;) {
    const name = `${pick(random, from)}_${random.below(1_000)}`;
    if (!taken.includes(name)) return name;
  }
}

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  if (items.length === 0) throw new Error("nothing to pick from");
  return items[random.below(items.length)] as Item;
}

export const columnName = (random: Random, table: Pick<TableModel, "columns">) =>
  freshName(
    random,
    table.columns.map(({ name }) => name),
    words,
  );
export const tableName = (random: Random, { tables, views }: Model) =>
  freshName(
    random,
    [...tables, ...views].map(({ name }) => name),
    tableWords,
  );
export const valueName = (random: Random, values: readonly string[]) =>
  freshName(random, values, valueWords);

const plainKinds: readonly ColumnKind[] = [
  "integer",
  "bigint",
  "smallint",
  "text",
  "varchar",
  "uuid",
  "boolean",
  "numeric",
  "timestamp",
  "date",
  "jsonb",
  "texts",
];

/** A column of a random type, most often an enum. */
export function randomColumn(
  model: Model,
  random: Random,
  table: Pick<TableModel, "columns">,
): ColumnModel {
  const enums = model.enums.length > 0 && random.chance(0.4);
  const kind = enums ? (random.chance(0.7) ? "enum" : "enums") : pick(random, plainKinds);
  const column: ColumnModel = {
    id: model.nextId++,
    name: columnName(random, table),
    kind,
    enumId: enums ? pick(random, model.enums).id : undefined,
    notNull: random.chance(0.4),
    unique: ["integer", "text", "uuid"].includes(kind) && random.chance(0.2),
  };
  if (random.chance(0.4) && !column.unique) column.default = defaultFor(model, random, column);
  return column;
}

/** A default value of a column's type, as JavaScript. */
export function defaultFor(
  model: Model,
  random: Random,
  { kind, enumId }: ColumnModel,
): string | undefined {
  const values = model.enums.find(({ id }) => id === enumId)?.values ?? [];
  switch (kind) {
    case "integer":
    case "smallint":
    case "bigint":
      return String(random.below(50));
    case "numeric":
      return `"${random.below(90)}.50"`;
    case "text":
    case "varchar":
      return JSON.stringify(pick(random, ["none", "a default", "", "x-1"]));
    case "uuid":
      return "sql`gen_random_uuid()`";
    case "boolean":
      return String(random.chance(0.5));
    case "timestamp":
    case "date":
      return "sql`now()`";
    case "jsonb":
      return `{ "a": ${random.below(9)} }`;
    case "texts":
      return `["a"]`;
    case "enum":
      return JSON.stringify(pick(random, values));
    case "enums":
      return JSON.stringify([pick(random, values)]);
    default:
      return undefined;
  }
}

export function tableOf(model: Model, id: number): TableModel {
  const table = model.tables.find((one) => one.id === id);
  if (table === undefined) throw new Error(`no table ${id}`);
  return table;
}

export function columnOf(model: Model, id: number): ColumnModel {
  const column = model.tables.flatMap(({ columns }) => columns).find((one) => one.id === id);
  if (column === undefined) throw new Error(`no column ${id}`);
  return column;
}

/** The columns that an expression names. */
export function idsIn(sql: string | undefined): number[] {
  return [...(sql ?? "").matchAll(/\{(\d+)\}/g)].map(([, id]) => Number(id));
}
