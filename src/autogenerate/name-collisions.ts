import { itemsOf, tablesOf } from "./broken-references.ts";
import { nameOf, type Part, partOf } from "./snapshot-parts.ts";

/** A name that PostgreSQL allows only once in its place. */
interface Taken {
  readonly place: string;
  /** What has it, as a person reads it. */
  readonly by: string;
}

/**
 * The names in a merged snapshot that two things of different kinds or tables have: one from each side. A schema has one
 * name for tables, views, indexes and sequences, and one for types, as tables, views and enums are; a table has one for
 * constraints.
 *
 * @returns both things that have a name, as a person reads them
 */
export function nameCollisions(merged: Part, ours: Part, theirs: Part): string[] {
  const before = new Set([...collisionsIn(ours), ...collisionsIn(theirs)]);
  return [...new Set(collisionsIn(merged))].filter((pair) => !before.has(pair));
}

function collisionsIn(snapshot: Part): string[] {
  const byPlace = new Map<string, string>();
  return namesIn(snapshot).flatMap(({ place, by }) => {
    const other = byPlace.get(place);
    byPlace.set(place, other ?? by);
    return other === undefined || other === by ? [] : [`the same name for ${other} and ${by}`];
  });
}

function namesIn(snapshot: Part): Taken[] {
  const roots = ["tables", "views", "sequences", "enums"].flatMap((part) =>
    itemsOf(snapshot, part).flatMap(([key, { name, schema }]) => {
      const by = `${part.slice(0, -1)} ${nameOf(key)}`;
      const inSchema = (kind: string) => ({ place: placeOf(kind, schema, name), by });
      if (part === "enums") return [inSchema("type")];
      return part === "sequences" ? [inSchema("relation")] : ["relation", "type"].map(inSchema);
    }),
  );
  return [...roots, ...tablesOf(snapshot).flatMap(([key, table]) => namesOfTable(key, table))];
}

function namesOfTable(key: string, table: Part): Taken[] {
  const own = nameOf(key);
  const items = (part: string) => itemsOf(table, part).map(([, item]) => item);
  const relation = (kind: string, name: unknown) => ({
    place: placeOf("relation", table.schema, name),
    by: `${kind} ${own}.${String(name)}`,
  });
  const constraint = (kind: string, name: unknown) => ({
    place: placeOf("constraint", table.schema, own, name),
    by: `${kind} ${own}.${String(name)}`,
  });
  const both = (kind: string, name: unknown) => [relation(kind, name), constraint(kind, name)];
  return [
    ...items("indexes").map(({ name }) => relation("index", name)),
    ...items("compositePrimaryKeys").flatMap(({ name }) => both("primary key", name)),
    ...items("uniqueConstraints").flatMap(({ name }) => both("unique constraint", name)),
    ...items("checkConstraints").map(({ name }) => constraint("check", name)),
    ...items("foreignKeys").map(({ name }) => constraint("foreign key", name)),
    ...items("columns").flatMap((column) => [
      // PostgreSQL itself gives this name to a key that was given none.
      ...(column.primaryKey === true ? both("primary key", `${String(table.name)}_pkey`) : []),
      ...sequenceOf(column).map((name) => relation("sequence", name)),
    ]),
  ];
}

function sequenceOf(column: Part): unknown[] {
  const { name } = partOf(column, "identity");
  return typeof name === "string" ? [name] : [];
}

/** PostgreSQL cuts names off after 63 bytes. */
function placeOf(kind: string, schema: unknown, ...names: readonly unknown[]): string {
  const cut = names.map((name) => Buffer.from(String(name)).subarray(0, 63).toString("latin1"));
  return [kind, schema || "public", ...cut].join("\0");
}
