import { relative } from "node:path";
import { FleetError, isFleetError } from "../core/errors.ts";
import { isTooDeep } from "../sql/limits.ts";
import { readText } from "./decode.ts";
import type { MigrationFiles } from "./folder.ts";

/** A migration's snapshot as it is stored: in the 1.0 layout, only the first one holds a whole schema. */
export interface StoredSnapshot {
  readonly id: string;
  /** The ids of those it follows; several where branches were merged. */
  readonly parents: readonly string[];
  /** All that the file holds. */
  readonly content: Readonly<Record<string, unknown>> & { readonly id: string };
}

/**
 * Reads the snapshot that belongs to a migration.
 *
 * @throws FleetError `journal` when it is missing or malformed
 */
export async function readStored({ tag, snapshot: path }: MigrationFiles): Promise<StoredSnapshot> {
  const where = relative(process.cwd(), path);
  const text = await readText(path, where).catch((cause: unknown) => {
    if (isFleetError(cause)) throw cause;
    throw new FleetError("journal", `the snapshot of ${tag} cannot be read`, {
      where,
      remedy,
      cause,
    });
  });
  try {
    const stored = storedIn(JSON.parse(text));
    if (stored !== undefined) return stored;
  } catch (cause) {
    const conflict = /^(<{7}|={7}|>{7})/m.test(text);
    const reason = conflict ? "holds git's conflict markers" : "is not JSON";
    throw new FleetError("journal", `the snapshot of ${tag} ${reason}`, {
      where,
      remedy: conflict ? "Run: drizzle-fleet merge" : remedy,
      cause,
    });
  }
  throw new FleetError("journal", `the snapshot of ${tag} is malformed`, { where, remedy });
}

const remedy =
  "Restore the file from version control; drizzle-kit writes it together with the migration.";

/** Reads parsed JSON as a snapshot; undefined when it is none. */
export function storedIn(content: unknown): StoredSnapshot | undefined {
  if (typeof content !== "object" || content === null || !("id" in content)) return undefined;
  if (isTooDeep(content)) return undefined;
  const { id, prevId, prevIds } = content as Record<string, unknown>;
  const parents = Array.isArray(prevIds) ? prevIds : [prevId];
  if (typeof id !== "string" || !parents.every((parent) => typeof parent === "string"))
    return undefined;
  return { id, parents, content: { ...content, id } };
}

/** True for two snapshots that were made from the same one. */
export function shareParent(left: StoredSnapshot, right: StoredSnapshot): boolean {
  return left.parents.some((parent) => right.parents.includes(parent));
}

/** The ids of the snapshots that no other one follows, in the given order. */
export function endsOf(snapshots: readonly StoredSnapshot[]): string[] {
  const parents = new Set(snapshots.flatMap((snapshot) => snapshot.parents));
  return snapshots.flatMap(({ id }) => (parents.has(id) ? [] : id));
}

/** For each snapshot that no other one follows, in the given order: its id, and those of all that it comes from. */
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
