import {
  type ColumnModel,
  columnOf,
  type Model,
  type TableModel,
  tableOf,
  type ViewModel,
} from "./model.ts";

/** The TypeScript text of a Drizzle schema. */
export function sourceOf(model: Model): string {
  const enums = model.enums.map(
    ({ id, name, values }) => `export const e${id} = pgEnum(${text(name)}, ${text(values)});`,
  );
  const sequences = model.sequences.map(
    ({ id, name, start, increment }) =>
      `export const s${id} = pgSequence(${text(name)}, { startWith: ${start}, increment: ${increment} });`,
  );
  const views = model.views.map((view) => viewText(model, view));
  return [
    `import { sql } from "drizzle-orm";`,
    `import { bigint, boolean, check, date, foreignKey, index, integer, jsonb, numeric, pgEnum, pgMaterializedView, pgPolicy, pgSequence, pgTable, pgView, primaryKey, serial, smallint, text, timestamp, unique, uniqueIndex, uuid, varchar } from "drizzle-orm/pg-core";`,
    ...enums,
    ...sequences,
    ...model.tables.map((table) => tableText(model, table)),
    ...views,
    "",
  ].join("\n");
}

function viewText(model: Model, view: ViewModel): string {
  const made = `export const v${view.id} = ${view.materialized ? "pgMaterializedView" : "pgView"}(${text(view.name)}`;
  const table = model.tables.find(({ id }) => id === view.source);
  const where = view.where === undefined ? undefined : sqlText(model, view.where);
  if (view.built && table !== undefined) {
    const shown = view.columns.map((id) => `c${id}: t${table.id}.c${id}`).join(", ");
    const filter = where === undefined ? "" : `.where(sql\`${where}\`)`;
    return `${made}).as((qb) => qb.select({ ${shown} }).from(t${table.id})${filter});`;
  }
  const shown = view.columns.map((id) => `c${id}: ${typeText(shownAs(columnOf(model, id)))}`);
  const query = `select ${view.columns.map((id) => `{${id}}`).join(", ")} from [${view.source}]`;
  const filter = where === undefined ? "" : ` where ${where}`;
  return `${made}, { ${shown.join(", ")} }).as(sql\`${sqlText(model, query)}${filter}\`);`;
}

/** The type of a view's column, which has no sequence. */
function shownAs(column: ColumnModel): ColumnModel {
  return column.kind === "serial" || column.kind === "identity"
    ? { ...column, kind: "integer" }
    : column;
}

const text = (value: unknown) => JSON.stringify(value);

function tableText(model: Model, table: TableModel): string {
  const key = table.primaryKey.length === 1 ? table.primaryKey[0] : undefined;
  const columns = table.columns.map((column) => columnText(model, column, key));
  const list = (ids: readonly number[], from = "t") =>
    `[${ids.map((id) => `${from}.c${id}`).join(", ")}]`;
  const extra = [
    ...(table.primaryKey.length > 1 ? [`primaryKey({ columns: ${list(table.primaryKey)} })`] : []),
    ...table.uniques.map(
      ({ name, columns: ids }) => `unique(${text(name)}).on(${list(ids).slice(1, -1)})`,
    ),
    ...table.foreignKeys.map(
      ({ name, columns: ids, table: to, references }) =>
        `foreignKey({ name: ${text(name)}, columns: ${list(ids)}, foreignColumns: ${list(references, `t${to}`)} })`,
    ),
    ...table.indexes.map(({ name, unique, on, where }) => {
      const made = `${unique ? "uniqueIndex" : "index"}(${text(name)}).on(${on.startsWith("{") ? on.replace(/\{(\d+)\}/g, "t.c$1") : `sql\`${own(on)}\``})`;
      return where === undefined ? made : `${made}.where(sql\`${own(where)}\`)`;
    }),
    ...table.checks.map(({ name, sql }) => `check(${text(name)}, sql\`${own(sql)}\`)`),
    ...table.policies.map(
      ({ name, using }) => `pgPolicy(${text(name)}, { using: sql\`${sqlText(model, using)}\` })`,
    ),
  ];
  return `export const t${table.id} = pgTable(${text(table.name)}, {\n  ${columns.join(",\n  ")}\n}${
    extra.length === 0 ? "" : `, (t) => [\n  ${extra.join(",\n  ")}\n]`
  });`;
}

/** Replaces columns with references to column objects, which Drizzle writes with the table's name. */
const own = (sql: string) => sql.replace(/\{(\d+)\}/g, `\${t.c$1}`);

/** Replaces columns, tables and views with their names. */
function sqlText(model: Model, sql: string): string {
  const named = [...model.tables, ...model.views];
  return sql
    .replace(/\{(\d+)\}/g, (_, id) => `"${columnOf(model, Number(id)).name}"`)
    .replace(/\[(\d+)\]/g, (_, id) => `"${named.find((one) => one.id === Number(id))?.name}"`);
}

function columnText(model: Model, column: ColumnModel, key: number | undefined): string {
  const parts = [`c${column.id}: ${typeText(column)}`];
  if (column.id === key) parts.push(".primaryKey()");
  else if (column.notNull) parts.push(".notNull()");
  if (column.unique) parts.push(".unique()");
  if (column.default !== undefined) parts.push(`.default(${column.default})`);
  if (column.generated !== undefined)
    parts.push(`.generatedAlwaysAs(sql\`${sqlText(model, column.generated)}\`)`);
  if (column.references !== undefined) {
    const { table, column: to, onDelete } = column.references;
    const rule = onDelete === undefined ? "" : `, { onDelete: ${text(onDelete)} }`;
    parts.push(`.references(() => t${tableOf(model, table).id}.c${to}${rule})`);
  }
  return parts.join("");
}

function typeText({ kind, name, enumId }: ColumnModel): string {
  switch (kind) {
    case "bigint":
      return `bigint(${text(name)}, { mode: "number" })`;
    case "varchar":
      return `varchar(${text(name)}, { length: 40 })`;
    case "numeric":
      return `numeric(${text(name)}, { precision: 10, scale: 2 })`;
    case "timestamp":
      return `timestamp(${text(name)}, { withTimezone: true })`;
    case "identity":
      return `integer(${text(name)}).generatedByDefaultAsIdentity()`;
    case "enum":
      return `e${enumId}(${text(name)})`;
    case "enums":
      return `e${enumId}(${text(name)}).array()`;
    case "texts":
      return `text(${text(name)}).array()`;
    default:
      return `${kind}(${text(name)})`;
  }
}
