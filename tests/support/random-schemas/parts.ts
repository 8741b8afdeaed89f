import type { Random } from "../random.ts";
import {
  type ColumnModel,
  columnName,
  columnOf,
  idsIn,
  type Model,
  pick,
  type TableModel,
  tableOf,
} from "./model.ts";

// Each function `add...` adds one thing to a schema, or nothing if there is no place for it.

export function addForeignKey(model: Model, random: Random): void {
  const table = pick(random, model.tables);
  const parents = model.tables.filter(({ primaryKey }) => primaryKey.length > 0);
  if (parents.length === 0) return;
  const parent = pick(random, parents);
  const made = parent.primaryKey.map((reference) => {
    const { kind } = columnOf(model, reference);
    const column: ColumnModel = {
      id: model.nextId++,
      name: columnName(random, table),
      kind: kind === "serial" || kind === "identity" ? "integer" : kind,
      enumId: columnOf(model, reference).enumId,
      notNull: false,
      unique: false,
    };
    table.columns.push(column);
    return column;
  });
  const [only] = made;
  const onDelete = pick(random, [undefined, "cascade", "set null"]);
  if (made.length === 1 && only !== undefined && table !== parent && random.chance(0.6))
    only.references = { table: parent.id, column: parent.primaryKey[0] ?? 0, onDelete };
  else
    table.foreignKeys.push({
      id: model.nextId,
      name: `fk_${model.nextId++}`,
      columns: made.map(({ id }) => id),
      table: parent.id,
      references: [...parent.primaryKey],
    });
}

/** A condition on a column that all rows of these tests meet. Enum columns are preferred. */
function conditionOn(model: Model, random: Random, table: TableModel): string | undefined {
  const columns = table.columns.filter(({ kind }) =>
    ["enum", "integer", "text", "boolean", "bigint"].includes(kind),
  );
  const enums = columns.filter(({ kind }) => kind === "enum");
  if (columns.length === 0) return undefined;
  const { id, kind, enumId } = pick(
    random,
    enums.length > 0 && random.chance(0.7) ? enums : columns,
  );
  if (kind === "text") return `{${id}} <> 'nothing'`;
  if (kind === "boolean") return `{${id}} is not null or true`;
  if (kind !== "enum") return `{${id}} > -1`;
  const values = model.enums.find((one) => one.id === enumId)?.values ?? [];
  return `{${id}} <> '${pick(random, values)}' or {${table.columns[0]?.id ?? id}} is not null`;
}

export function addCheck(model: Model, random: Random): void {
  const table = pick(random, model.tables);
  const sql = conditionOn(model, random, table);
  if (sql !== undefined)
    table.checks.push({ id: model.nextId, name: `check_${model.nextId++}`, sql });
}

/** Adds an index on columns and expressions, with or without a condition. A unique one contains the key. */
export function addIndex(model: Model, random: Random): void {
  const table = pick(random, model.tables);
  const columns = table.columns.filter(({ kind }) => kind !== "jsonb");
  const texts = columns.filter(({ kind }) => ["text", "varchar"].includes(kind));
  const unique = random.chance(0.3);
  const expression = !unique && texts.length > 0 && random.chance(0.4);
  const listed = [...(unique ? table.primaryKey : []), pick(random, columns).id];
  table.indexes.push({
    id: model.nextId,
    name: `index_${model.nextId++}`,
    unique,
    on: expression
      ? `lower({${pick(random, texts).id}})`
      : [...new Set(listed)].map((id) => `{${id}}`).join(", "),
    where: random.chance(0.4) ? conditionOn(model, random, table) : undefined,
  });
}

export function addUnique(model: Model, random: Random): void {
  const table = pick(random, model.tables);
  const other = table.columns.filter(
    ({ id, kind }) => kind !== "jsonb" && !table.primaryKey.includes(id),
  );
  if (other.length === 0) return;
  table.uniques.push({
    id: model.nextId,
    name: `unique_${model.nextId++}`,
    columns: [...table.primaryKey, pick(random, other).id],
  });
}

/** Adds a policy that uses the table's own columns, or another table's enum. */
export function addPolicy(model: Model, random: Random): void {
  const table = pick(random, model.tables);
  const other = pick(random, model.tables);
  const condition = conditionOn(model, random, other);
  if (condition === undefined) return;
  const using =
    other === table ? condition : `exists (select 1 from [${other.id}] where ${condition})`;
  table.policies.push({ id: model.nextId, name: `policy_${model.nextId++}`, using });
}

export function addGenerated(model: Model, random: Random): void {
  const table = pick(random, model.tables);
  const sources = table.columns.filter(
    ({ kind, generated }) =>
      generated === undefined && ["text", "integer", "bigint", "enum", "varchar"].includes(kind),
  );
  if (sources.length === 0) return;
  const source = pick(random, sources);
  const made = {
    id: model.nextId++,
    name: columnName(random, table),
    notNull: false,
    unique: false,
  };
  const values = model.enums.find(({ id }) => id === source.enumId)?.values ?? [];
  if (source.kind === "text" || source.kind === "varchar")
    table.columns.push({ ...made, kind: "text", generated: `lower({${source.id}})` });
  else if (source.kind === "enum")
    table.columns.push({
      ...made,
      kind: "boolean",
      generated: `{${source.id}} = '${pick(random, values)}'`,
    });
  else table.columns.push({ ...made, kind: "bigint", generated: `({${source.id}} + 1)::bigint` });
}

export function addView(model: Model, random: Random): void {
  const above = model.views.filter(({ materialized }) => !materialized);
  const name = `view_${model.nextId}`;
  const made = { id: model.nextId++, name, materialized: random.chance(0.3) };
  if (above.length > 0 && random.chance(0.4)) {
    const below = pick(random, above);
    model.views.push({
      ...made,
      built: false,
      source: below.id,
      columns: below.columns.slice(0, 2),
    });
    return;
  }
  const table = pick(random, model.tables);
  const columns = random
    .shuffled(table.columns)
    .slice(0, 3)
    .map(({ id }) => id);
  const where = random.chance(0.5) ? conditionOn(model, random, table) : undefined;
  model.views.push({ ...made, built: random.chance(0.5), source: table.id, columns, where });
}

/** Removes a column and everything that names it. */
export function removeColumn(model: Model, table: TableModel, id: number): void {
  const names = (sql: string | undefined) => idsIn(sql).includes(id);
  for (const column of table.columns.filter(({ generated }) => names(generated)))
    removeColumn(model, table, column.id);
  table.columns = table.columns.filter((column) => column.id !== id);
  table.primaryKey = table.primaryKey.filter((one) => one !== id);
  table.uniques = table.uniques.filter(({ columns }) => !columns.includes(id));
  table.indexes = table.indexes.filter(({ on, where }) => !names(on) && !names(where));
  table.checks = table.checks.filter(({ sql }) => !names(sql));
  for (const other of model.tables) {
    other.policies = other.policies.filter(({ using }) => !names(using));
    other.foreignKeys = other.foreignKeys.filter(
      (key) => !key.references.includes(id) && !key.columns.includes(id),
    );
    for (const column of other.columns)
      if (column.references?.column === id) delete column.references;
  }
  for (const view of model.views.filter((one) => one.columns.includes(id) || names(one.where)))
    removeView(model, view.id);
}

export function removeView(model: Model, id: number): void {
  model.views = model.views.filter((view) => view.id !== id);
  for (const above of model.views.filter(({ source }) => source === id))
    removeView(model, above.id);
}

export function removeTable(model: Model, id: number): void {
  const table = tableOf(model, id);
  for (const column of [...table.columns]) removeColumn(model, table, column.id);
  model.tables = model.tables.filter((one) => one !== table);
  for (const other of model.tables) {
    other.foreignKeys = other.foreignKeys.filter((key) => key.table !== id);
    other.policies = other.policies.filter(({ using }) => !using.includes(`[${id}]`));
  }
  for (const view of model.views.filter(({ source }) => source === id)) removeView(model, view.id);
}
