import { partOf, type SnapshotPart } from "./snapshot-parts.ts";
import {
  list,
  objectOf,
  type Reference,
  referenceKey,
  references,
  snapshotTables,
  uniqueKey,
} from "./snapshot-references.ts";

/**
 * The objects of a merged snapshot that refer to a missing object, because one side removed what the other uses.
 * References that are already broken on one side are left out, such as a foreign key to a table that no snapshot has.
 *
 * @returns the referring objects, as shown to the user
 */
export function brokenReferences(
  merged: SnapshotPart,
  ours: SnapshotPart,
  theirs: SnapshotPart,
): string[] {
  const known = [ours, theirs];
  const before = new Set(known.flatMap((side) => broken(side, known)).map(keyOf));
  return broken(merged, known)
    .filter((reference) => !before.has(keyOf(reference)))
    .map(({ from }) => from);
}

function broken(snapshot: SnapshotPart, known: readonly SnapshotPart[]): Reference[] {
  const present = targets(snapshot);
  return references(snapshot, known).filter(({ to }) => !present.has(to));
}

function keyOf({ from, to }: Reference): string {
  return referenceKey(from, to);
}

function targets(snapshot: SnapshotPart): Set<string> {
  const named = (kind: string, part: string) =>
    Object.keys(partOf(snapshot, part)).map((name) => referenceKey(kind, name));
  const columns = snapshotTables(snapshot).flatMap(([table, { columns }]) =>
    Object.keys(objectOf(columns)).map((column) => referenceKey("column", table, column)),
  );
  return new Set([
    ...named("table", "tables"),
    ...named("view", "views"),
    ...named("sequence", "sequences"),
    ...named("enum", "enums"),
    ...named("role", "roles"),
    ...named("schema", "schemas"),
    ...columns,
    ...snapshotTables(snapshot).flatMap(([table, one]) => uniqueIn(table, one)),
  ]);
}

/** The sets of columns of a table that are unique, as foreign keys need them. */
function uniqueIn(name: string, table: SnapshotPart): string[] {
  const items = (part: string) => Object.values(partOf(table, part)) as SnapshotPart[];
  const indexes = items("indexes").flatMap(({ columns, isUnique, where }) => {
    const own = list(columns) as SnapshotPart[];
    const plain = isUnique === true && !where && !own.some(({ isExpression }) => isExpression);
    return plain ? [own.map(({ expression }) => expression)] : [];
  });
  const keys = [...items("compositePrimaryKeys"), ...items("uniqueConstraints")];
  const single = items("columns").filter(({ primaryKey }) => primaryKey === true);
  return [
    ...indexes,
    ...keys.map(({ columns }) => list(columns)),
    ...single.map(({ name: column }) => [column]),
  ].map((columns) => uniqueKey(name, columns));
}
