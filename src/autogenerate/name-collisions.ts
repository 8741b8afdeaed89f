import { nameOf, partOf, type SnapshotPart } from "./snapshot-parts.ts";
import { itemsOf, snapshotTables } from "./snapshot-references.ts";

/** A name that PostgreSQL allows only once in its namespace. */
interface TakenName {
  /** The namespace and the name. */
  readonly place: string;
  /** The object that has it, as shown to the user. */
  readonly by: string;
}

/**
 * The names in a merged snapshot that two objects of different kinds or tables have, one from each side. A schema has one
 * namespace for tables, views, indexes and sequences, and one for types, which tables, views and enums have; a table has
 * one for constraints.
 *
 * @returns both objects with the same name, as shown to the user
 */
export function nameCollisions(
  merged: SnapshotPart,
  ours: SnapshotPart,
  theirs: SnapshotPart,
): string[] {
  const before = new Set([...collisionsIn(ours), ...collisionsIn(theirs)]);
  return [...new Set(collisionsIn(merged))].filter((pair) => !before.has(pair));
}

function collisionsIn(snapshot: SnapshotPart): string[] {
  const byPlace = new Map<string, string>();
  return namesIn(snapshot).flatMap(({ place, by }) => {
    const other = byPlace.get(place);
    byPlace.set(place, other ?? by);
    return other === undefined || other === by ? [] : [`the same name for ${other} and ${by}`];
  });
}

function namesIn(snapshot: SnapshotPart): TakenName[] {
  const roots = ["tables", "views", "sequences", "enums"].flatMap((part) =>
    itemsOf(snapshot, part).flatMap(([key, { name, schema }]) => {
      const by = `${part.slice(0, -1)} ${nameOf(key)}`;
      const inSchema = (kind: string) => ({ place: placeOf(kind, schema, name), by });
      if (part === "enums") return [inSchema("type")];
      return part === "sequences" ? [inSchema("relation")] : ["relation", "type"].map(inSchema);
    }),
  );
  return [
    ...roots,
    ...snapshotTables(snapshot).flatMap(([key, table]) => namesOfTable(key, table)),
  ];
}

function namesOfTable(key: string, table: SnapshotPart): TakenName[] {
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
      // PostgreSQL gives this name to a key without one.
      ...(column.primaryKey === true ? both("primary key", `${String(table.name)}_pkey`) : []),
      ...sequenceOf(column).map((name) => relation("sequence", name)),
    ]),
  ];
}

function sequenceOf(column: SnapshotPart): unknown[] {
  const { name } = partOf(column, "identity");
  return typeof name === "string" ? [name] : [];
}

/** PostgreSQL truncates names to 63 bytes. */
function placeOf(kind: string, schema: unknown, ...names: readonly unknown[]): string {
  const cut = names.map((name) => Buffer.from(String(name)).subarray(0, 63).toString("latin1"));
  return [kind, schema || "public", ...cut].join("\0");
}
