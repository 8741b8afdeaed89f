import { isDeepStrictEqual } from "node:util";
import { nameOf, partOf, type SnapshotPart } from "./snapshot-parts.ts";
import {
  itemsOf,
  type Reference,
  referenceKey,
  references,
  snapshotTables,
} from "./snapshot-references.ts";

/** An object that one side rebuilds, and on which others can depend. */
interface Rebuild {
  readonly what: string;
  /** True if PostgreSQL itself rebuilds objects that consist of columns only, such as an index. */
  readonly carries: boolean;
}

/**
 * What one side adds, changes or removes although it depends on something that the other side rebuilds: an enum that loses
 * a value, a column that gets another type or expression, a view. In one order of the branches, a statement would fail.
 *
 * @returns the rebuilt objects with their dependents, as shown to the user
 */
export function rebuildConflicts(
  base: SnapshotPart,
  ours: SnapshotPart,
  theirs: SnapshotPart,
): string[] {
  const known = [base, ours, theirs];
  return [
    ...dependingOnRebuilt(base, ours, theirs, known),
    ...dependingOnRebuilt(base, theirs, ours, known),
  ];
}

function dependingOnRebuilt(
  base: SnapshotPart,
  changed: SnapshotPart,
  other: SnapshotPart,
  known: readonly SnapshotPart[],
): string[] {
  const changes = rebuildsIn(base, changed);
  if (changes.size === 0) return [];
  return changedReferences(references(base, known), references(other, known)).flatMap(
    ({ from, to, follows }) => {
      const change = changes.get(to);
      return change === undefined || (follows && change.carries)
        ? []
        : `${change.what} (${from} depends on it)`;
    },
  );
}

/** The references of objects that were added, changed or removed. */
function changedReferences(before: readonly Reference[], after: readonly Reference[]): Reference[] {
  const differing = (some: readonly Reference[], others: readonly Reference[]) => {
    const items = new Map(others.map(({ from, item }) => [from, item]));
    return some.filter(({ from, item }) => !isDeepStrictEqual(items.get(from), item));
  };
  return [...differing(after, before), ...differing(before, after)];
}

/** The objects of base that a side rebuilds, by their keys in references. */
function rebuildsIn(base: SnapshotPart, side: SnapshotPart): Map<string, Rebuild> {
  const changes = new Map<string, Rebuild>();
  const after = new Map(itemsOf(side, "enums"));
  const remade = new Set<string>();
  for (const [key, { values }] of itemsOf(base, "enums")) {
    const now = after.get(key);
    if (now === undefined || isExtended(values, now.values)) continue;
    remade.add(key);
    changes.set(referenceKey("enum", key), { what: `enum ${nameOf(key)}`, carries: false });
  }
  const views = new Map(itemsOf(side, "views"));
  for (const [key, view] of itemsOf(base, "views"))
    if (views.has(key) && !isDeepStrictEqual(views.get(key), view))
      changes.set(referenceKey("view", key), { what: `view ${nameOf(key)}`, carries: false });
  const tables = new Map(snapshotTables(side));
  for (const [table, before] of snapshotTables(base)) {
    const columns = new Map(itemsOf(tables.get(table) ?? {}, "columns"));
    for (const [name, column] of itemsOf(before, "columns")) {
      const carries = columnRebuild(column, columns.get(name), remade);
      if (carries === undefined) continue;
      const what = `column ${nameOf(table)}.${name}`;
      changes.set(referenceKey("column", table, name), { what, carries });
    }
  }
  return changes;
}

/** Whether PostgreSQL rebuilds indexes with a column's change; undefined if the column is not rebuilt. */
function columnRebuild(
  before: SnapshotPart,
  after: SnapshotPart | undefined,
  remade: ReadonlySet<string>,
): boolean | undefined {
  if (after === undefined) return undefined;
  const { as } = partOf(before, "generated");
  if (as !== partOf(after, "generated").as) return false;
  const typed = `${String(before.typeSchema)}.${String(before.type).replace(/(\[\d*\])+$/, "")}`;
  return before.type !== after.type || remade.has(typed) ? true : undefined;
}

/** PostgreSQL can add values anywhere; an enum that loses one, or reorders them, has to be recreated. */
function isExtended(before: unknown, after: unknown): boolean {
  if (!Array.isArray(before) || !Array.isArray(after)) return true;
  const kept = after.filter((value) => before.includes(value));
  return isDeepStrictEqual(kept, before);
}
