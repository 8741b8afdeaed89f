import type { Random } from "../random.ts";
import {
  columnName,
  type Model,
  pick,
  randomColumn,
  type TableModel,
  tableName,
  valueName,
} from "./model.ts";
import { addCheck, addForeignKey, addGenerated, addIndex, addPolicy, addView } from "./parts.ts";

/** The first schema: two to four tables, with enums and some of everything that a table can have. */
export function firstModel(random: Random): Model {
  const model: Model = { nextId: 1, enums: [], tables: [], views: [], sequences: [] };
  for (let count = 1 + random.below(2); count > 0; count -= 1) addEnum(model, random);
  for (let count = 2 + random.below(3); count > 0; count -= 1) addTable(model, random);
  if (random.chance(0.3))
    model.sequences.push({
      id: model.nextId++,
      name: `seq_${random.below(99)}`,
      start: 1 + random.below(9),
      increment: 1,
    });
  const parts = [
    addForeignKey,
    addForeignKey,
    addIndex,
    addCheck,
    addPolicy,
    addGenerated,
    addView,
  ];
  for (const part of parts) if (random.chance(0.6)) part(model, random);
  return model;
}

export function addEnum(model: Model, random: Random): void {
  const values: string[] = [];
  for (let count = 2 + random.below(3); count > 0; count -= 1)
    values.push(valueName(random, values));
  const taken = model.enums.map(({ name }) => name);
  const name = ["status", "Level", "kind of thing", "mood"].find(
    (one) => !taken.includes(one) && random.chance(0.6),
  );
  model.enums.push({ id: model.nextId++, name: name ?? `enum_${model.nextId}`, values });
}

export function addTable(model: Model, random: Random): TableModel {
  const table: TableModel = {
    ...{ id: model.nextId++, name: tableName(random, model), columns: [], primaryKey: [] },
    ...{ uniques: [], foreignKeys: [], indexes: [], checks: [], policies: [] },
  };
  const kind = pick(random, ["integer", "serial", "identity", "uuid", "text", "bigint"] as const);
  const key = { id: model.nextId++, name: "id", kind, notNull: true, unique: false };
  table.columns.push(key);
  for (let count = 1 + random.below(4); count > 0; count -= 1)
    table.columns.push(randomColumn(model, random, table));
  table.primaryKey = [key.id];
  if (random.chance(0.25)) {
    const second = {
      id: model.nextId++,
      name: columnName(random, table),
      kind: pick(random, ["integer", "text"] as const),
      notNull: true,
      unique: false,
    };
    table.columns.push(second);
    table.primaryKey.push(second.id);
  }
  model.tables.push(table);
  return table;
}
