import type { Decisions } from "./decisions.ts";
import type { SchemaDiff } from "./diff.ts";
import { isRenamed } from "./kit-omissions.ts";
import type { Snapshot } from "./kit-types.ts";
import { objectsInBoth, objectsOf, type SnapshotObject } from "./snapshot-objects.ts";
import type { SnapshotPart } from "./snapshot-parts.ts";

/** Properties that a database does not store, or that drizzle-kit compares by meaning: a different text is not a change. */
const meaningless: Readonly<Partial<Record<SnapshotObject["kind"], readonly string[]>>> = {
  column: ["default", "dimensions", "typeSchema"],
  index: ["concurrently", "nameExplicit"],
  view: ["columns", "withNoData"],
  "unique constraint": ["nameExplicit"],
  "primary key": ["nameExplicit"],
  "foreign key": ["nameExplicit"],
};

/** A property that differs between two snapshots of an object. */
interface PropertyChange {
  /** The object's place in the current snapshot. */
  readonly index: number;
  readonly object: SnapshotObject;
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * The differences between the two snapshots of a change for which drizzle-kit generates no SQL, in words. Each is
 * checked separately: drizzle-kit compares two snapshots that differ in nothing else.
 */
export async function changesWithoutSql(
  { kit, previous, current }: Pick<SchemaDiff, "kit" | "previous" | "current">,
  { renames }: Decisions,
): Promise<string[]> {
  const leaves = propertyChanges(previous, current).filter(
    ({ object }) => !renames.some((rename) => isRenamed(rename, object)),
  );
  const found: string[] = [];
  for (const leaf of leaves) {
    const almost = withoutChange(current, leaf);
    const sql = await kit.diff(almost, current, { renames: [], drops: [] });
    if (sql.length === 0) found.push(propertyChangeText(leaf));
  }
  return found;
}

/** A difference without SQL, as a sentence. */
export function changeWithoutSqlText(difference: string): string {
  return `drizzle-kit generated no SQL for ${difference}`;
}

function propertyChanges(previous: Snapshot, current: Snapshot): PropertyChange[] {
  const places = new Map(objectsOf(current).map(({ content }, index) => [content, index]));
  return objectsInBoth(previous, current).flatMap(([before, object]) => {
    const index = places.get(object.content) ?? 0;
    // Migrations do not create a view that is marked as existing.
    if (before.content.isExisting === true || object.content.isExisting === true) return [];
    const ignored = meaningless[object.kind] ?? [];
    return differences(before.content, object.content, object.kind === "table")
      .filter(({ path }) => !ignored.includes(path[0] ?? ""))
      .filter(
        ({ path, after }) => !(path[0] === "notNull" && after === true && isKey(object, current)),
      )
      .map((difference) => ({ index, object, ...difference }));
  });
}

/** A primary key implies that its columns are NOT NULL. */
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

/** The properties that differ, also within nested objects such as an identity. A table's parts are objects of their own. */
function differences(
  before: SnapshotPart,
  after: SnapshotPart,
  isTable: boolean,
): Pick<PropertyChange, "path" | "before" | "after">[] {
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

function isPart(value: unknown): value is SnapshotPart {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** For drizzle-kit, missing, null and false are equal, and the order of keys has no meaning. */
function same(left: unknown, right: unknown): boolean {
  const plain = (value: unknown): string =>
    JSON.stringify(value || null, (_, one: unknown) =>
      isPart(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
        : one,
    );
  return plain(left) === plain(right);
}

/** A copy of a snapshot in which one property has its former value. */
function withoutChange(current: Snapshot, { index, path, before }: PropertyChange): Snapshot {
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

function propertyChangeText({
  object: { kind, table, name },
  path,
  before,
  after,
}: PropertyChange): string {
  const of = table === undefined ? name : `${table}.${name}`;
  return `${kind} ${of}: ${path.join(".")} was ${shown(before)} and is ${shown(after)}`;
}

function shown(value: unknown): string {
  return value === undefined || value === null ? "not set" : JSON.stringify(value).slice(0, 80);
}
