import { relative } from "node:path";
import { FleetError, isFleetError } from "../core/errors.ts";
import { isTooDeep } from "../sql/limits.ts";
import { readText } from "./decode.ts";
import type { MigrationFiles, MigrationsFolder } from "./folder.ts";

/** A migration's snapshot as stored. In the 1.0 layout, only the first snapshot contains a complete schema. */
export interface StoredSnapshot {
  readonly id: string;
  /** The ids of the snapshots that it follows: several after a merge. */
  readonly parents: readonly string[];
  /** The complete content of the file. */
  readonly content: Readonly<Record<string, unknown>> & { readonly id: string };
}

/**
 * Reads the snapshots of a folder, in order. If migrations share a file, as with drizzle-kit's `prefix: "none"`, it
 * is the last one's.
 *
 * @returns an item is undefined if the migration has no snapshot, because it was written by hand
 * @throws FleetError `journal` if a snapshot is malformed
 */
export function readSnapshots({
  migrations,
}: Pick<MigrationsFolder, "migrations">): Promise<(StoredSnapshot | undefined)[]> {
  return Promise.all(
    migrations.map((files, index) => (isShared(migrations, index) ? undefined : readOwn(files))),
  );
}

/**
 * Reads the snapshot that describes the schema after a migration: its own or, if it has none, the nearest one before
 * it. drizzle-kit does the same.
 *
 * @param index the migration's position in the folder
 * @returns undefined if no migration up to this one has a snapshot
 * @throws FleetError `journal` if the snapshot is malformed
 */
export async function readNearest(
  { migrations }: Pick<MigrationsFolder, "migrations">,
  index: number,
): Promise<StoredSnapshot | undefined> {
  for (let at = index; at >= 0; at -= 1) {
    const files = migrations[at];
    const stored = files && !isShared(migrations, at) ? await readOwn(files) : undefined;
    if (stored !== undefined) return stored;
  }
  return undefined;
}

/**
 * Tells whether a migration's changes are the difference between its snapshot and the nearest one before it. They are
 * not if snapshots in between were lost: the difference would contain the changes of several migrations.
 *
 * @param stored the result of `readSnapshots`
 */
export function followsNearest(
  { migrations, layout }: MigrationsFolder,
  stored: readonly (StoredSnapshot | undefined)[],
  index: number,
): boolean {
  const own = stored[index];
  if (own === undefined || layout === "folders" || stored[index - 1] !== undefined) return true;
  if (index > 0 && isShared(migrations, index - 1)) return false;
  const before = stored.slice(0, index).findLast((one) => one !== undefined);
  return own.parents.includes(before?.id ?? firstParent);
}

/** The id that the first snapshot of a history names as its parent. */
export const firstParent = "00000000-0000-0000-0000-000000000000";

function isShared(migrations: readonly MigrationFiles[], index: number): boolean {
  const path = migrations[index]?.snapshot;
  return migrations.findLastIndex(({ snapshot }) => snapshot === path) !== index;
}

/**
 * Reads a migration's own snapshot.
 *
 * @returns undefined if it has none
 */
async function readOwn({
  tag,
  snapshot: path,
}: MigrationFiles): Promise<StoredSnapshot | undefined> {
  const where = relative(process.cwd(), path);
  const text = await readText(path, where).catch((cause: unknown) => {
    if (isFleetError(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FleetError("journal", `the snapshot of ${tag} cannot be read`, {
      where,
      remedy,
      cause,
    });
  });
  if (text === undefined) return undefined;
  try {
    const stored = storedIn(JSON.parse(text));
    if (stored !== undefined) return stored;
  } catch (cause) {
    const conflict = /^(<{7}|={7}|>{7})/m.test(text);
    const reason = conflict ? "contains git's conflict markers" : "is not JSON";
    throw new FleetError("journal", `the snapshot of ${tag} ${reason}`, {
      where,
      remedy: conflict ? "To merge the branches, run: npx drizzle-fleet merge" : remedy,
      cause,
    });
  }
  throw new FleetError("journal", `the snapshot of ${tag} is malformed`, { where, remedy });
}

const remedy =
  "drizzle-kit writes this file together with the migration. Restore it from version control.";

/**
 * Reads parsed JSON as a snapshot.
 *
 * @returns undefined if it is not a snapshot
 */
export function storedIn(content: unknown): StoredSnapshot | undefined {
  if (typeof content !== "object" || content === null || !("id" in content)) return undefined;
  if (isTooDeep(content)) return undefined;
  const { id, prevId, prevIds } = content as Record<string, unknown>;
  const parents = Array.isArray(prevIds) ? prevIds : [prevId];
  if (typeof id !== "string" || !parents.every((parent) => typeof parent === "string"))
    return undefined;
  return { id, parents, content: { ...content, id } };
}

/** Tells whether two snapshots follow the same one. */
export function shareParent(left: StoredSnapshot, right: StoredSnapshot): boolean {
  return left.parents.some((parent) => right.parents.includes(parent));
}

/** The ids of the snapshots that no other one follows, in the given order. */
export function endsOf(snapshots: readonly StoredSnapshot[]): string[] {
  const parents = new Set(snapshots.flatMap((snapshot) => snapshot.parents));
  return snapshots.flatMap(({ id }) => (parents.has(id) ? [] : id));
}

/** For each snapshot that no other one follows, in the given order: its id and the ids of all its ancestors. */
export function linesOf(snapshots: readonly StoredSnapshot[]): ReadonlySet<string>[] {
  const parentsOf = new Map(snapshots.map(({ id, parents }) => [id, parents]));
  return endsOf(snapshots).map((end) => {
    const line = new Set<string>();
    const open = [end];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const parents = parentsOf.get(id);
      if (parents === undefined || line.has(id)) continue;
      line.add(id);
      open.push(...parents);
    }
    return line;
  });
}
