import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Branches, type BranchMigration, readVersion } from "../source/branches.ts";
import { markLine } from "../source/downs.ts";
import { filesInFolder, type MigrationFiles, tagAfter, timestamp } from "../source/folder.ts";
import type { BothRecords } from "../source/records.ts";
import type { StoredSnapshot } from "../source/stored-snapshot.ts";
import type { NewFile } from "../source/write-files.ts";
import { joiningSnapshot } from "./folder-states.ts";
import { type Merge, type MovedMigration, mergeOf, type Sides } from "./merge-types.ts";

/**
 * Makes one history of two branches of folders. The moved branch follows the last migration of the other one, and its
 * folders get later times if they would sort before it. If both branches are applied somewhere, folders keep their names
 * and a new migration follows both. Snapshots contain only their own changes, so these stay the same.
 *
 * @param path absolute path of the migrations folder
 * @param recorded the checksums that each branch recorded
 */
export async function mergeFolders(
  path: string,
  { base }: Branches,
  sides: Sides,
  recorded: BothRecords<string>,
): Promise<Merge> {
  const { kept, moved } = place(path, sides);
  const end = sides.kept.at(-1)?.snapshot;
  const inBase = new Set(base.map(({ snapshot: { id } }) => id));
  const stored = ({ from: { snapshot } }: MovedMigration): StoredSnapshot => {
    const { id, parents, content } = snapshot;
    if (sides.bothApplied || end === undefined) return snapshot;
    const prevIds = [...new Set(parents.map((one) => (inBase.has(one) ? end.id : one)))];
    return { id, parents: prevIds, content: { ...content, prevIds } };
  };
  const files: NewFile[] = [];
  for (const one of kept) files.push(...(await changedFiles(one, one.from.snapshot, recorded)));
  const followers = moved.map(stored);
  for (const [index, one] of moved.entries())
    files.push(...(await changedFiles(one, followers[index] ?? one.from.snapshot, recorded)));
  const present = new Set([...kept, ...moved].map(({ to }) => dirname(to.sql)));
  const stale = [...kept, ...moved]
    .map(({ from }) => dirname(from.files.sql))
    .filter((folder) => !present.has(folder));
  const snapshots = [...[...base, ...sides.kept].map(({ snapshot }) => snapshot), ...followers];
  const merge = { ...mergeOf({ kept, moved, files, stale }), snapshots };
  return sides.bothApplied ? joined(path, merge, [...kept, ...moved]) : merge;
}

function place(path: string, { kept, moved, bothApplied }: Sides) {
  const shared = new Set(
    kept.flatMap(({ files }) =>
      moved.some((one) => one.files.tag === files.tag) ? files.tag : [],
    ),
  );
  const at = (from: BranchMigration, tag: string): MovedMigration => ({
    from,
    to: filesInFolder(path, tag),
  });
  // Ledgers contain the same tag for both: under new tags, each migration is found by its checksum.
  const apart = (which: number) => (from: BranchMigration) =>
    at(from, shared.has(from.files.tag) ? `${from.files.tag}_${which}` : from.files.tag);
  if (bothApplied) return { kept: kept.map(apart(1)), moved: moved.map(apart(2)) };
  let before = kept.at(-1)?.files.tag ?? "";
  const after = moved.map((from) => {
    before = tagAfter(before, from.files.tag);
    return at(from, before);
  });
  return { kept: kept.map((from) => at(from, from.files.tag)), moved: after };
}

/** The files of a migration that move, get another parent, or contain git's conflict markers. */
async function changedFiles(
  { from, to }: MovedMigration,
  { content }: StoredSnapshot,
  recorded: BothRecords<string>,
): Promise<NewFile[]> {
  const folder = dirname(from.files.sql);
  const isSame = folder === dirname(to.sql);
  const files: NewFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (name === "snapshot.json") continue;
    const file = join(folder, name);
    const checksum = file === from.files.sql ? recorded[from.side][from.files.tag] : undefined;
    const version = await readVersion(file, from.side, checksum);
    if (version === undefined || (isSame && !version.marked)) continue;
    files.push({ path: join(dirname(to.sql), name), text: version.text, replaces: isSame });
  }
  return [...files, { path: to.snapshot, text: JSON.stringify(content, null, 2), replaces: true }];
}

/** A merge with one more migration, which follows the last one of each branch and changes nothing. */
function joined(path: string, merge: Merge, placed: readonly MovedMigration[]): Merge {
  const followed = new Set(merge.snapshots.flatMap(({ parents }) => parents));
  const ends = merge.snapshots.flatMap(({ id }) => (followed.has(id) ? [] : id));
  const last =
    placed
      .map(({ to }) => to.tag)
      .sort()
      .at(-1) ?? "";
  const files = filesInFolder(path, tagAfter(last, `${timestamp(new Date())}_merge`));
  return { ...merge, joinedBy: files.tag, files: [...merge.files, ...filesOf(files, ends)] };
}

function filesOf({ sql, down, snapshot }: MigrationFiles, ends: readonly string[]): NewFile[] {
  const texts = [
    [sql, `${markLine("empty", "on purpose: it joins two branches")}\n`],
    [down, `${markLine("nothing", "the migration only joins two branches")}\n`],
    [snapshot, JSON.stringify(joiningSnapshot(ends), null, 2)],
  ] as const;
  return texts.map(([path, text]) => ({ path, text, replaces: false }));
}
