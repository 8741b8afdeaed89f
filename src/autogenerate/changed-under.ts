import { isDeepStrictEqual } from "node:util";
import {
  itemsOf,
  type Reference,
  referenceKey,
  references,
  tablesOf,
} from "./broken-references.ts";
import { nameOf, type Part, partOf } from "./snapshot-parts.ts";

/** How a side changed something that others may rest on. */
interface Change {
  readonly what: string;
  /** True when what is made of columns alone, as an index is, comes along: PostgreSQL makes it anew. */
  readonly carries: boolean;
}

/**
 * What one side adds, changes or takes away that rests on something the other side makes anew: an enum that loses a value,
 * a column of another type or expression, a view. The statements of the two fail in one order or the other.
 *
 * @returns what rests on it, and what it rests on, as a person reads them
 */
export function changedUnder(base: Part, ours: Part, theirs: Part): string[] {
  const known = [base, ours, theirs];
  return [...restingOn(base, ours, theirs, known), ...restingOn(base, theirs, ours, known)];
}

function restingOn(base: Part, changed: Part, other: Part, known: readonly Part[]): string[] {
  const changes = changesIn(base, changed);
  if (changes.size === 0) return [];
  return touched(references(base, known), references(other, known)).flatMap(
    ({ from, to, follows }) => {
      const change = changes.get(to);
      return change === undefined || (follows && change.carries)
        ? []
        : `${change.what} (${from} depends on it)`;
    },
  );
}

/** The references of what is new, other or gone. */
function touched(before: readonly Reference[], after: readonly Reference[]): Reference[] {
  const differing = (some: readonly Reference[], others: readonly Reference[]) => {
    const items = new Map(others.map(({ from, item }) => [from, item]));
    return some.filter(({ from, item }) => !isDeepStrictEqual(items.get(from), item));
  };
  return [...differing(after, before), ...differing(before, after)];
}

/** What a side makes anew of what base has, by the keys that references have for it. */
function changesIn(base: Part, side: Part): Map<string, Change> {
  const changes = new Map<string, Change>();
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
  const tables = new Map(tablesOf(side));
  for (const [table, before] of tablesOf(base)) {
    const columns = new Map(itemsOf(tables.get(table) ?? {}, "columns"));
    for (const [name, column] of itemsOf(before, "columns")) {
      const carries = changeOf(column, columns.get(name), remade);
      if (carries === undefined) continue;
      const what = `column ${nameOf(table)}.${name}`;
      changes.set(referenceKey("column", table, name), { what, carries });
    }
  }
  return changes;
}

/** Whether indexes come along with a column's change; undefined when it is none that matters. */
function changeOf(
  before: Part,
  after: Part | undefined,
  remade: ReadonlySet<string>,
): boolean | undefined {
  if (after === undefined) return undefined;
  const { as } = partOf(before, "generated");
  if (as !== partOf(after, "generated").as) return false;
  const typed = `${String(before.typeSchema)}.${String(before.type).replace(/(\[\d*\])+$/, "")}`;
  return before.type !== after.type || remade.has(typed) ? true : undefined;
}

/** PostgreSQL adds values at any place; an enum that loses one, or has them in another order, is made anew. */
function isExtended(before: unknown, after: unknown): boolean {
  if (!Array.isArray(before) || !Array.isArray(after)) return true;
  const kept = after.filter((value) => before.includes(value));
  return isDeepStrictEqual(kept, before);
}
