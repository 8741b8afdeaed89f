import { isDeepStrictEqual } from "node:util";
import { brokenReferences } from "./broken-references.ts";
import type { Snapshot } from "./kit-types.ts";
import { nameCollisions } from "./name-collisions.ts";
import { rebuildConflicts } from "./rebuild-conflicts.ts";
import { nameOf, partOf, type SnapshotPart } from "./snapshot-parts.ts";

/** Three versions of a part of a snapshot; undefined for a version that does not have it. */
interface Versions<Thing = unknown> {
  readonly base: Thing;
  readonly ours: Thing;
  readonly theirs: Thing;
}

/** Called with what both sides changed, and whether they made the same change. */
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

/** drizzle-kit's internal properties: a user could not resolve a conflict in them. */
const internal: ReadonlySet<string> = new Set(["id", "prevId", "_meta", "internal"]);

/**
 * Applies to ours what theirs changed since base. Tables are merged item by item; an item (a column, an index, an enum) is
 * taken from one side as a unit. Items keep the order of ours, followed by those that theirs added.
 *
 * @param base the snapshot that both derive from
 * @returns `merged`: the result, which follows ours and has the id of theirs; `conflicts`: objects that both sides change
 *   differently, that one side refers to and the other removes or rebuilds, or that would have the same name (in `merged`
 *   they are as in ours); `repeated`: objects that both sides change in the same way, so that the SQL can run only once
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
    ...rebuildConflicts(written.base, written.ours, written.theirs),
  ])
    report(what);
  return { merged, conflicts: [...conflicts].sort(), repeated: [...repeated].sort() };
}

/** drizzle-kit's objects have undefined properties where its files have none. */
function asWritten(snapshot: Snapshot): SnapshotPart {
  return JSON.parse(JSON.stringify(snapshot)) as SnapshotPart;
}

function mergePart(part: string, versions: Versions, report: Report): unknown {
  if (internal.has(part)) return mergeDeep(versions);
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
      // ENABLE ROW LEVEL SECURITY can run twice.
      return mergeWhole(members, (same) => (same ? undefined : reportTable(false)));
    const named = (item: string) => `${kind} ${name}.${item}`;
    return mergeItems(members, named, report, (item, own) =>
      mergeWhole(own, (same) => report(named(item), same)),
    );
  });
  const manyKeys = (table: SnapshotPart) => primaryKeys(table) > 1;
  if (manyKeys(merged) && !manyKeys(ours) && !manyKeys(theirs)) report(`primary key ${name}`);
  return merged;
}

function primaryKeys(table: SnapshotPart): number {
  const columns = Object.values(partOf(table, "columns")) as SnapshotPart[];
  const single = columns.filter(({ primaryKey }) => primaryKey === true);
  return single.length + Object.keys(partOf(table, "compositePrimaryKeys")).length;
}

/** Merges objects of one kind by their keys, and reports those that both sides renamed or removed. */
function mergeItems(
  { base, ours, theirs }: Versions,
  named: (key: string) => string,
  report: Report,
  merge: (key: string, item: Versions) => unknown,
): SnapshotPart {
  const items = { base: objectOf(base), ours: objectOf(ours), theirs: objectOf(theirs) };
  for (const key of Object.keys(items.base))
    if (!Object.hasOwn(items.ours, key) && !Object.hasOwn(items.theirs, key))
      report(named(key), !renamedApart(key, items));
  return mergeMembers(items, merge);
}

/** True if both sides removed it, and each has an equal new object under another name. */
function renamedApart(key: string, { base, ours, theirs }: Versions<SnapshotPart>): boolean {
  const before = withoutName(base[key]);
  const candidates = (side: SnapshotPart) =>
    Object.keys(side).filter(
      (name) => !Object.hasOwn(base, name) && isDeepStrictEqual(withoutName(side[name]), before),
    );
  const [left, right] = [candidates(ours), candidates(theirs)];
  return left.length > 0 && right.length > 0 && !left.some((name) => right.includes(name));
}

/** An object without its name. A table is compared by its columns only: other names in it contain the table's name. */
function withoutName(item: unknown): unknown {
  if (!isObject(item)) return item;
  const { name: _, ...rest } = item;
  return "columns" in rest && "indexes" in rest ? Object.keys(partOf(rest, "columns")) : rest;
}

function mergeMembers(
  { base, ours, theirs }: Versions<SnapshotPart>,
  merge: (key: string, member: Versions) => unknown,
): SnapshotPart {
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

/** Safe for a column named `constructor`. */
function memberOf(object: SnapshotPart, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function objectOf(value: unknown): SnapshotPart {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is SnapshotPart {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
