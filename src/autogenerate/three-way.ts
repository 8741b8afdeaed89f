import { isDeepStrictEqual } from "node:util";
import { brokenReferences } from "./broken-references.ts";
import { changedUnder } from "./changed-under.ts";
import type { Snapshot } from "./kit-types.ts";
import { nameCollisions } from "./name-collisions.ts";
import { nameOf, type Part, partOf } from "./snapshot-parts.ts";

/** One thing in three versions; undefined where there is no such thing. */
interface Versions<Thing = unknown> {
  readonly base: Thing;
  readonly ours: Thing;
  readonly theirs: Thing;
}

/** Takes what both sides changed, and whether they did the same. */
type Report = (what: string, same?: boolean) => void;

const snapshotParts: ReadonlyMap<string, string> = new Map([
  ["tables", "table"],
  ["enums", "enum"],
  ["sequences", "sequence"],
  ["views", "view"],
  ["roles", "role"],
  ["schemas", "schema"],
  ["policies", "policy"],
]);

const tableParts: ReadonlyMap<string, string> = new Map([
  ["columns", "column"],
  ["indexes", "index"],
  ["foreignKeys", "foreign key"],
  ["compositePrimaryKeys", "primary key"],
  ["uniqueConstraints", "unique constraint"],
  ["policies", "policy"],
  ["checkConstraints", "check"],
]);

/** What drizzle-kit notes for itself: nobody could resolve a conflict in it. */
const notes: ReadonlySet<string> = new Set(["id", "prevId", "_meta", "internal"]);

/**
 * Carries what theirs changed since base onto ours. Tables are merged item by item; an item (a column, an index, an
 * enum) is taken whole from one side. Names keep ours' order, followed by what theirs added.
 *
 * @param base what both come from
 * @returns `merged`, with theirs' id behind ours; the names of what the two sides make of the same thing in different
 *   ways, of what one refers to and the other took away or makes anew, and of what would have one name (`merged` is as in
 *   ours there); and the names of what both changed in the same way, whose SQL can run only once
 */
export function mergeSnapshots(
  base: Snapshot,
  ours: Snapshot,
  theirs: Snapshot,
): {
  readonly merged: Snapshot;
  readonly conflicts: readonly string[];
  readonly repeated: readonly string[];
} {
  const conflicts = new Set<string>();
  const repeated = new Set<string>();
  const report: Report = (what, same) => void (same === true ? repeated : conflicts).add(what);
  const written = { base: asWritten(base), ours: asWritten(ours), theirs: asWritten(theirs) };
  const parts = mergeMembers(written, (part, versions) => mergePart(part, versions, report));
  const merged = { ...parts, id: theirs.id, prevId: ours.id };
  for (const what of [
    ...brokenReferences(merged, written.ours, written.theirs),
    ...nameCollisions(merged, written.ours, written.theirs),
    ...changedUnder(written.base, written.ours, written.theirs),
  ])
    report(what);
  return { merged, conflicts: [...conflicts].sort(), repeated: [...repeated].sort() };
}

/** drizzle-kit's own objects hold undefined where the file holds nothing. */
function asWritten(snapshot: Snapshot): Part {
  return JSON.parse(JSON.stringify(snapshot)) as Part;
}

function mergePart(part: string, versions: Versions, report: Report): unknown {
  if (notes.has(part)) return mergeDeep(versions);
  const kind = snapshotParts.get(part);
  if (kind === undefined) return mergeWhole(versions, () => report(part));
  const named = (key: string) => `${kind} ${nameOf(key)}`;
  return mergeItems(versions, named, report, (key, item) =>
    kind === "table"
      ? mergeTable(key, item, report)
      : mergeWhole(item, (same) => report(named(key), same)),
  );
}

function mergeTable(key: string, versions: Versions, report: Report): unknown {
  const { base, ours, theirs } = versions;
  const name = nameOf(key);
  const reportTable = (same: boolean) => report(`table ${name}`, same);
  if (!isObject(base) || !isObject(ours) || !isObject(theirs))
    return mergeWhole(versions, reportTable);
  const merged = mergeMembers({ base, ours, theirs }, (part, members) => {
    const kind = tableParts.get(part);
    if (kind === undefined)
      // ENABLE ROW LEVEL SECURITY may run twice.
      return mergeWhole(members, (same) => (same ? undefined : reportTable(false)));
    const named = (item: string) => `${kind} ${name}.${item}`;
    return mergeItems(members, named, report, (item, own) =>
      mergeWhole(own, (same) => report(named(item), same)),
    );
  });
  const manyKeys = (table: Part) => primaryKeys(table) > 1;
  if (manyKeys(merged) && !manyKeys(ours) && !manyKeys(theirs)) report(`primary key ${name}`);
  return merged;
}

function primaryKeys(table: Part): number {
  const columns = Object.values(partOf(table, "columns")) as Part[];
  const single = columns.filter(({ primaryKey }) => primaryKey === true);
  return single.length + Object.keys(partOf(table, "compositePrimaryKeys")).length;
}

/** Merges things of one kind by their keys, and reports those that each side has renamed or taken away. */
function mergeItems(
  { base, ours, theirs }: Versions,
  named: (key: string) => string,
  report: Report,
  merge: (key: string, item: Versions) => unknown,
): Part {
  const items = { base: objectOf(base), ours: objectOf(ours), theirs: objectOf(theirs) };
  for (const key of Object.keys(items.base))
    if (!Object.hasOwn(items.ours, key) && !Object.hasOwn(items.theirs, key))
      report(named(key), !renamedApart(key, items));
  return mergeMembers(items, merge);
}

/** Both sides took it away, and each has something new that is the same but for the name. */
function renamedApart(key: string, { base, ours, theirs }: Versions<Part>): boolean {
  const before = withoutName(base[key]);
  const candidates = (side: Part) =>
    Object.keys(side).filter(
      (name) => !Object.hasOwn(base, name) && isDeepStrictEqual(withoutName(side[name]), before),
    );
  const [left, right] = [candidates(ours), candidates(theirs)];
  return left.length > 0 && right.length > 0 && !left.some((name) => right.includes(name));
}

/** Of a table its columns alone: drizzle-kit names much else in it after the table. */
function withoutName(item: unknown): unknown {
  if (!isObject(item)) return item;
  const { name: _, ...rest } = item;
  return "columns" in rest && "indexes" in rest ? Object.keys(partOf(rest, "columns")) : rest;
}

function mergeMembers(
  { base, ours, theirs }: Versions<Part>,
  merge: (key: string, member: Versions) => unknown,
): Part {
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const members = [...keys].map((key) => {
    const member = {
      base: memberOf(base, key),
      ours: memberOf(ours, key),
      theirs: memberOf(theirs, key),
    };
    return [key, merge(key, member)] as const;
  });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

function mergeWhole({ base, ours, theirs }: Versions, both: (same: boolean) => void): unknown {
  if (isDeepStrictEqual(theirs, base)) return ours;
  if (isDeepStrictEqual(ours, base)) return theirs;
  both(isDeepStrictEqual(theirs, ours));
  return ours;
}

function mergeDeep(versions: Versions): unknown {
  const { base, ours, theirs } = versions;
  if (!isObject(ours) || !isObject(theirs)) return mergeWhole(versions, () => undefined);
  return mergeMembers({ base: objectOf(base), ours, theirs }, (_, member) => mergeDeep(member));
}

/** A column may be called `constructor`. */
function memberOf(object: Part, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function objectOf(value: unknown): Part {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Part {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
