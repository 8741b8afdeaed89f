import type { Decisions } from "./decisions.ts";
import type { SchemaDiff } from "./diff.ts";
import type { Snapshot } from "./kit-types.ts";
import { objectsOf, type SnapshotObject } from "./snapshot-objects.ts";
import type { Part } from "./snapshot-parts.ts";
import { isOf, pairsOf } from "./unaltered.ts";

/**
 * What a snapshot says of an object and a database does not keep, or drizzle-kit compares by its meaning: that its text
 * differs is no change.
 */
const meaningless: Readonly<Partial<Record<SnapshotObject["kind"], readonly string[]>>> = {
  column: ["default", "dimensions", "typeSchema"],
  index: ["concurrently", "nameExplicit"],
  view: ["columns", "withNoData"],
  "unique constraint": ["nameExplicit"],
  "primary key": ["nameExplicit"],
  "foreign key": ["nameExplicit"],
};

/** Something that two snapshots say differently of one object. */
interface Leaf {
  /** The object's place in the current snapshot. */
  readonly index: number;
  readonly object: SnapshotObject;
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * What the two snapshots of a change say differently and its SQL does not express, in words. Each difference is asked
 * about by itself: a snapshot that differs in nothing else gives no SQL.
 */
export async function unexpressedIn(
  { kit, previous, current }: Pick<SchemaDiff, "kit" | "previous" | "current">,
  { renames }: Decisions,
): Promise<string[]> {
  const leaves = leavesOf(previous, current).filter(
    ({ object }) => !renames.some((rename) => isOf(rename, object)),
  );
  const found: string[] = [];
  for (const leaf of leaves) {
    const almost = withLeaf(current, leaf);
    const sql = await kit.diff(almost, current, { renames: [], drops: [] });
    if (sql.length === 0) found.push(inWords(leaf));
  }
  return found;
}

/** The difference in words. */
export function leftOutText(difference: string): string {
  return `no SQL was made for ${difference}`;
}

function leavesOf(previous: Snapshot, current: Snapshot): Leaf[] {
  const places = new Map(objectsOf(current).map(({ content }, index) => [content, index]));
  return pairsOf(previous, current).flatMap(([before, object]) => {
    const index = places.get(object.content) ?? 0;
    // A view marked as existing is not the migrations' concern.
    if (before.content.isExisting === true || object.content.isExisting === true) return [];
    const left = meaningless[object.kind] ?? [];
    return differences(before.content, object.content, object.kind === "table")
      .filter(({ path }) => !left.includes(path[0] ?? ""))
      .filter(
        ({ path, after }) => !(path[0] === "notNull" && after === true && isKey(object, current)),
      )
      .map((difference) => ({ index, object, ...difference }));
  });
}

/** A primary key makes its columns NOT NULL by itself. */
function isKey({ kind, table, name }: SnapshotObject, current: Snapshot): boolean {
  return (
    kind === "column" &&
    objectsOf(current).some(
      (one) =>
        one.kind === "primary key" &&
        one.table === table &&
        Array.isArray(one.content.columns) &&
        one.content.columns.includes(name),
    )
  );
}

/** The properties that differ; those of an identity or of options one by one. A table's parts are objects themselves. */
function differences(
  before: Part,
  after: Part,
  isTable: boolean,
): Pick<Leaf, "path" | "before" | "after">[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    const [old, own] = [before[key], after[key]];
    if (same(old, own) || (isTable && (isPart(old) || isPart(own)))) return [];
    if (!isPart(old) || !isPart(own)) return [{ path: [key], before: old, after: own }];
    return differences(old, own, false).map(({ path, ...values }) => ({
      path: [key, ...path],
      ...values,
    }));
  });
}

function isPart(value: unknown): value is Part {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Missing, null and false mean the same to drizzle-kit, and the order of keys nothing. */
function same(left: unknown, right: unknown): boolean {
  const plain = (value: unknown): string =>
    JSON.stringify(value || null, (_, one: unknown) =>
      isPart(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
        : one,
    );
  return plain(left) === plain(right);
}

/** A copy of a snapshot in which one thing is as it was before. */
function withLeaf(current: Snapshot, { index, path, before }: Leaf): Snapshot {
  const copy = structuredClone(current);
  const content = objectsOf(copy)[index]?.content as Record<string, unknown>;
  const owner = path
    .slice(0, -1)
    .reduce((part, key) => part[key] as Record<string, unknown>, content);
  const key = path.at(-1) ?? "";
  if (before === undefined) delete owner[key];
  else owner[key] = before;
  return copy;
}

function inWords({ object: { kind, table, name }, path, before, after }: Leaf): string {
  const of = table === undefined ? name : `${table}.${name}`;
  return `${kind} ${of}: ${path.join(".")} was ${shown(before)} and is ${shown(after)}`;
}

function shown(value: unknown): string {
  return value === undefined || value === null ? "not set" : JSON.stringify(value).slice(0, 80);
}
