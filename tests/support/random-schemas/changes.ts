import type { Random } from "../random.ts";
import { addEnum, addTable } from "./first.ts";
import {
  type ColumnKind,
  type ColumnModel,
  columnName,
  columnOf,
  defaultFor,
  type EnumModel,
  idsIn,
  type Model,
  pick,
  randomColumn,
  type TableModel,
  tableName,
  valueName,
} from "./model.ts";
import {
  addCheck,
  addForeignKey,
  addGenerated,
  addIndex,
  addPolicy,
  addUnique,
  addView,
  removeColumn,
  removeTable,
  removeView,
} from "./parts.ts";

/** Changes a schema in place. Returns false if the schema has nothing that could change in this way. */
type Change = (model: Model, random: Random) => boolean;

/** True if no default and no expression names the value. */
function isFree(model: Model, { id }: EnumModel, value: string): boolean {
  const columns = model.tables.flatMap((table) => table.columns);
  const defaults = columns
    .filter(({ enumId }) => enumId === id)
    .map((column) => column.default ?? "");
  return (
    !defaults.some((one) => one.includes(JSON.stringify(value))) &&
    !expressionsOf(model).some((one) => one.includes(`'${value}'`))
  );
}

const on =
  <Item>(
    list: (model: Model, random: Random) => readonly Item[],
    change: (item: Item, model: Model, random: Random) => void,
  ): Change =>
  (model, random) => {
    const items = list(model, random);
    if (items.length === 0) return false;
    change(pick(random, items), model, random);
    return true;
  };

interface Place {
  readonly table: TableModel;
  readonly column: ColumnModel;
}

const places = (wanted: (place: Place, model: Model) => boolean) => (model: Model) =>
  model.tables
    .flatMap((table) => table.columns.map((column) => ({ table, column })))
    .filter((place) => wanted(place, model));

const isKey = ({ table, column }: Place) => table.primaryKey.includes(column.id);
const isPlain = (place: Place) =>
  !isKey(place) &&
  place.column.generated === undefined &&
  place.column.references === undefined &&
  !place.table.foreignKeys.some(({ columns }) => columns.includes(place.column.id));
/** True if no generated column, expression or view uses the column. */
const isAlone = (place: Place, model: Model) =>
  isPlain(place) && !expressionsOf(model).some((sql) => idsIn(sql).includes(place.column.id));

/** All SQL in a schema. */
const expressionsOf = (model: Model): string[] =>
  [
    ...model.tables.flatMap((table) => [
      ...table.checks.map(({ sql }) => sql),
      ...table.policies.map(({ using }) => using),
      ...table.indexes.flatMap(({ on: listed, where }) => [
        listed.startsWith("{") ? undefined : listed,
        where,
      ]),
      ...table.columns.map(({ generated }) => generated),
    ]),
    ...model.views.map(({ where }) => where),
  ].filter((sql) => sql !== undefined);

const added =
  (add: (model: Model, random: Random) => void): Change =>
  (model, random) => {
    add(model, random);
    return true;
  };

/** The types that a column can change to. Some of the last ones need an explicit cast. */
const others: Partial<Record<ColumnKind, readonly ColumnKind[]>> = {
  integer: ["bigint", "numeric", "text", "smallint"],
  smallint: ["integer", "bigint"],
  bigint: ["numeric", "text"],
  text: ["varchar", "integer", "uuid", "jsonb"],
  varchar: ["text"],
  uuid: ["text", "varchar"],
  boolean: ["text", "integer"],
  numeric: ["text"],
  date: ["timestamp", "text"],
  timestamp: ["date", "text"],
  jsonb: ["text"],
};

function retype(model: Model, random: Random, column: ColumnModel, kind: ColumnKind): void {
  column.kind = kind;
  column.enumId = undefined;
  if (column.default !== undefined) column.default = defaultFor(model, random, column);
}

const keyKinds: readonly ColumnKind[] = ["integer", "bigint", "uuid", "text", "identity", "serial"];

/** A column, the columns that refer to it, those that refer to these, and so on. */
function withReferring(model: Model, id: number): ReadonlySet<number> {
  const columns = new Set([id]);
  for (let size = 0; size < columns.size; ) {
    size = columns.size;
    for (const { columns: own, foreignKeys } of model.tables) {
      for (const { id: one, references } of own)
        if (references !== undefined && columns.has(references.column)) columns.add(one);
      for (const { references, columns: referring } of foreignKeys)
        for (const [index, one] of referring.entries())
          if (columns.has(references[index] ?? 0)) columns.add(one);
    }
  }
  return columns;
}

/** Changes the type of a primary key of one column, and of everything that refers to it. */
function retypeKey(table: TableModel, model: Model, random: Random): void {
  const [id = 0] = table.primaryKey;
  const key = columnOf(model, id);
  const others = keyKinds.filter((one) => one !== key.kind);
  const kind = pick(random, others);
  for (const one of withReferring(model, id)) {
    const column = columnOf(model, one);
    const plain = kind === "identity" || kind === "serial" ? "integer" : kind;
    retype(model, random, column, one === id ? kind : plain);
    delete column.default;
  }
}

/** Tables with a primary key of one column that nothing compares with a value of its type. */
const simpleKeys = (model: Model) =>
  model.tables.filter(({ primaryKey }) => {
    const [id] = primaryKey;
    if (primaryKey.length !== 1 || id === undefined) return false;
    const named = expressionsOf(model).flatMap((sql) =>
      idsIn(sql.replace(/\{\d+\} is not null/g, "")),
    );
    return (
      columnOf(model, id).kind !== "enum" &&
      [...withReferring(model, id)].every((one) => !named.includes(one))
    );
  });

/** Random changes, by name. */
const changes: Readonly<Record<string, Change>> = {
  "an enum gains a value": on(
    (model) => model.enums,
    (one, _, random) => {
      one.values.splice(random.below(one.values.length + 1), 0, valueName(random, one.values));
    },
  ),
  "an enum gains a value, and a column of it comes": (model, random) => {
    const one = pick(random, model.enums.length > 0 ? model.enums : [undefined]);
    if (one === undefined || model.tables.length === 0) return false;
    const value = valueName(random, one.values);
    one.values.push(value);
    const table = pick(random, model.tables);
    const column: ColumnModel = {
      id: model.nextId++,
      name: columnName(random, table),
      kind: "enum",
      enumId: one.id,
      notNull: random.chance(0.5),
      unique: false,
    };
    column.default = JSON.stringify(random.chance(0.5) ? value : one.values[0]);
    table.columns.push(column);
    return true;
  },
  "an enum loses a value": (model, random) => {
    const choices = model.enums.flatMap((one) =>
      one.values.length < 2
        ? []
        : one.values.filter((value) => isFree(model, one, value)).map((value) => ({ one, value })),
    );
    if (choices.length === 0) return false;
    const { one, value } = pick(random, choices);
    one.values = one.values.filter((other) => other !== value);
    return true;
  },
  "an enum's values change their order": on(
    (model) => model.enums,
    (one, _, random) => {
      one.values = random.shuffled(one.values);
    },
  ),
  "an enum is renamed": on(
    (model) => model.enums,
    (one) => {
      one.name = `${one.name.slice(0, 20)}_renamed`;
    },
  ),
  "an enum comes": added(addEnum),
  "an enum goes, and its columns become text": on(
    (model) => model.enums,
    (one, model, random) => {
      for (const { column, table } of places(({ column }) => column.enumId === one.id)(model)) {
        if (column.kind === "enums") removeColumn(model, table, column.id);
        else retype(model, random, column, "text");
      }
      model.enums = model.enums.filter((other) => other !== one);
    },
  ),
  "a column of an enum becomes text": on(
    places(({ column }) => column.kind === "enum"),
    ({ column }, model, random) => retype(model, random, column, "text"),
  ),
  "a column of an enum goes": on(
    places((place) => place.column.enumId !== undefined && isPlain(place)),
    ({ table, column }, model) => removeColumn(model, table, column.id),
  ),
  "a column comes": on(
    (model) => model.tables,
    (table, model, random) => {
      const column = randomColumn(model, random, table);
      table.columns.push({ ...column, notNull: column.default !== undefined && column.notNull });
    },
  ),
  "a column that needs a value comes": on(
    (model) => model.tables,
    (table, model, random) => {
      table.columns.push({
        ...randomColumn(model, random, table),
        notNull: true,
        default: undefined,
        unique: false,
      });
    },
  ),
  "a column goes": on(
    places((place) => isPlain(place)),
    ({ table, column }, model) => removeColumn(model, table, column.id),
  ),
  "a column is renamed": on(
    places(() => true),
    ({ table, column }, _, random) => {
      column.name = columnName(random, table);
    },
  ),
  "two columns swap names": on(
    (model) => model.tables.filter(({ columns }) => columns.length > 2),
    (table, _, random) => {
      const [one, other] = random.shuffled(table.columns);
      if (one !== undefined && other !== undefined) [one.name, other.name] = [other.name, one.name];
    },
  ),
  "a column changes its type": on(
    places((place, model) => isAlone(place, model) && others[place.column.kind] !== undefined),
    ({ column }, model, random) =>
      retype(model, random, column, pick(random, others[column.kind] ?? [column.kind])),
  ),
  "a column takes NOT NULL or loses it": on(places(isPlain), ({ column }) => {
    column.notNull = !column.notNull;
  }),
  "a default comes, changes or goes": on(places(isPlain), ({ column }, model, random) => {
    column.default =
      column.default !== undefined && random.chance(0.5)
        ? undefined
        : defaultFor(model, random, column);
  }),
  "a column becomes unique, or no longer": on(
    places(
      (place) =>
        isPlain(place) && ["integer", "text", "uuid", "bigint"].includes(place.column.kind),
    ),
    ({ column }) => {
      column.unique = !column.unique;
      if (column.unique) column.default = undefined;
    },
  ),
  "a table comes": added(addTable),
  "a table goes": (model, random) => {
    if (model.tables.length < 2) return false;
    removeTable(model, pick(random, model.tables).id);
    return true;
  },
  "a table is renamed": on(
    (model) => model.tables,
    (table, model, random) => {
      table.name = tableName(random, model);
    },
  ),
  "a key and what refers to it change their type": on(simpleKeys, retypeKey),
  "a primary key takes another column": on(
    (model) => model.tables.filter(({ primaryKey }) => primaryKey.length === 1),
    (table, model, random) => {
      const [id = 0] = table.primaryKey;
      for (const other of model.tables) {
        other.foreignKeys = other.foreignKeys.filter(({ references }) => !references.includes(id));
        for (const column of other.columns)
          if (column.references?.column === id) delete column.references;
      }
      const choices = table.columns.filter(
        (column) =>
          column.id !== id &&
          column.notNull &&
          ["integer", "text", "uuid", "enum"].includes(column.kind),
      );
      const second = choices[0] ?? {
        id: model.nextId++,
        name: columnName(random, table),
        kind: "integer" as const,
        notNull: true,
        unique: false,
        default: "0",
      };
      if (choices.length === 0) table.columns.push(second);
      table.primaryKey = [id, second.id];
    },
  ),
  "a primary key of two columns loses one": on(
    (model) => model.tables.filter(({ primaryKey }) => primaryKey.length === 2),
    (table, model) => {
      for (const other of model.tables) {
        other.foreignKeys = other.foreignKeys.filter((key) => key.table !== table.id);
        for (const column of other.columns)
          if (column.references?.table === table.id) delete column.references;
      }
      table.primaryKey = table.primaryKey.slice(0, 1);
    },
  ),
  "a foreign key comes": added(addForeignKey),
  "a foreign key goes": on(
    (model) =>
      model.tables.filter(
        ({ foreignKeys, columns }) =>
          foreignKeys.length > 0 || columns.some(({ references }) => references),
      ),
    (table) => {
      if (table.foreignKeys.length > 0) table.foreignKeys.pop();
      else for (const column of table.columns) delete column.references;
    },
  ),
  "an index comes": added(addIndex),
  "an index goes": on(
    (model) => model.tables.filter(({ indexes }) => indexes.length > 0),
    (table) => void table.indexes.pop(),
  ),
  "a unique constraint comes": added(addUnique),
  "a unique constraint goes": on(
    (model) => model.tables.filter(({ uniques }) => uniques.length > 0),
    (table) => void table.uniques.pop(),
  ),
  "a check comes": added(addCheck),
  "a check goes": on(
    (model) => model.tables.filter(({ checks }) => checks.length > 0),
    (table) => void table.checks.pop(),
  ),
  "a policy comes": added(addPolicy),
  "a policy goes": on(
    (model) => model.tables.filter(({ policies }) => policies.length > 0),
    (table) => void table.policies.pop(),
  ),
  "a policy looks at another column": on(
    (model) => model.tables.filter(({ policies }) => policies.length > 0),
    (table, _, random) => {
      const [policy] = table.policies;
      if (policy !== undefined) policy.using = `{${pick(random, table.columns).id}} is not null`;
    },
  ),
  "a generated column comes": added(addGenerated),
  "a generated column goes": on(
    places(({ column }) => column.generated !== undefined),
    ({ table, column }, model) => removeColumn(model, table, column.id),
  ),
  "a generated column is made in another way": on(
    places(({ column }) => column.generated !== undefined),
    ({ column }) => {
      const [source] = idsIn(column.generated);
      column.kind = "boolean";
      column.generated = `{${source}} is null`;
    },
  ),
  "a view comes": added(addView),
  "a view goes": on(
    (model) => model.views,
    (view, model) => removeView(model, view.id),
  ),
  "a view shows another column": on(
    (model) =>
      model.views.filter(
        ({ source, id, columns }) =>
          model.tables.some(
            (table) => table.id === source && table.columns.length > columns.length,
          ) && !model.views.some((above) => above.source === id),
      ),
    (view, model, random) => {
      const table = model.tables.find(({ id }) => id === view.source);
      const rest = table?.columns.filter(({ id }) => !view.columns.includes(id)) ?? [];
      view.columns = random.chance(0.5)
        ? [...view.columns, pick(random, rest).id]
        : [pick(random, rest).id, ...view.columns];
    },
  ),
  "a sequence comes": (model, random) => {
    model.sequences.push({
      id: model.nextId,
      name: `seq_${model.nextId++}`,
      start: 1 + random.below(5),
      increment: 1,
    });
    return true;
  },
  "a sequence changes": on(
    (model) => model.sequences,
    (one, _, random) => {
      one.increment += 1 + random.below(3);
    },
  ),
  "a sequence goes or is renamed": on(
    (model) => model.sequences,
    (one, model, random) => {
      if (random.chance(0.5)) one.name = `${one.name}_renamed`;
      else model.sequences = model.sequences.filter((other) => other !== one);
    },
  ),
};

/** Applies some of these changes to a copy of the schema. Returns the copy and the names of the changes. */
export function changed(
  model: Model,
  random: Random,
): { readonly model: Model; readonly names: readonly string[] } {
  const after = structuredClone(model);
  const names: string[] = [];
  const wanted = 1 + random.below(3);
  for (let attempt = 0; names.length < wanted && attempt < 20; attempt += 1) {
    const [name, change] = pick(random, Object.entries(changes));
    if (!names.includes(name) && change(after, random)) names.push(name);
  }
  return { model: after, names };
}
