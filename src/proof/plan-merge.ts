import { existsSync } from "node:fs";
import { basename, relative } from "node:path";
import { compareBranches } from "../autogenerate/compare-branches.ts";
import { loadKitFor } from "../autogenerate/diff.ts";
import type { Kit } from "../autogenerate/kit-types.ts";
import { mergeFolders } from "../autogenerate/merge-folders.ts";
import { mergeJournal } from "../autogenerate/merge-journal.ts";
import type { RecordsFile } from "../autogenerate/merge-records.ts";
import type { Merge, Sides } from "../autogenerate/merge-types.ts";
import { mergedDowns } from "../autogenerate/merged-downs.ts";
import { FleetError } from "../core/errors.ts";
import { appliedEntries } from "../fleet/applied-entries.ts";
import type { Context } from "../fleet/context.ts";
import {
  type BranchEntry,
  type Branches,
  type BranchMigration,
  readBranches,
  readVersion,
} from "../source/branches.ts";
import { readFolder } from "../source/folder.ts";
import { openEnds, readFolderBranches } from "../source/folder-branches.ts";
import { journalPath } from "../source/journal.ts";
import { isChecksumOfText } from "../source/line-ends.ts";
import type { BothRecords } from "../source/records.ts";
import { loadParser } from "../sql/parser.ts";

/** A service whose branches are merged. */
export interface ServiceToMerge {
  readonly context: Context;
  readonly service: string;
  /** Absolute path of the migrations folder. */
  readonly path: string;
  /** True: reads no database, and assumes that no migration of either branch is applied. */
  readonly offline: boolean;
  readonly records: readonly RecordsFile[];
}

/** A merge that is not proved or written yet. */
export interface MergePlan {
  readonly kit: Kit;
  readonly merge: Merge;
  readonly bothApplied: boolean;
  /** True if another branch is left, for another merge. */
  readonly moreOpen: boolean;
  /** Downs that were edited by hand and stay as they are, as shown to the user. */
  readonly editedDowns: readonly string[];
}

/**
 * Plans the merge of a service's branches from their snapshots.
 *
 * @returns undefined if there is only one branch
 * @throws FleetError `merge` if the branches conflict
 */
export function planMerge(of: ServiceToMerge): Promise<MergePlan | undefined> {
  return existsSync(journalPath(of.path)) ? planJournal(of) : planFolders(of);
}

async function planJournal(of: ServiceToMerge): Promise<MergePlan | undefined> {
  const { context, path } = of;
  const branches = await readBranches(path);
  if (branches === undefined) return undefined;
  const timeOf = ([first]: readonly BranchEntry[]) => first?.entry.when ?? 0;
  const isOlder = timeOf(branches.ours) <= timeOf(branches.theirs);
  const byAge = isOlder ? branches : { ...branches, ours: branches.theirs, theirs: branches.ours };
  const sides = await sidesOf(of, byAge);
  const kit = await loadKitFor(context.config.root, { path, layout: "journal" });
  const { base } = branches;
  const { conflicts, snapshots } = await compareBranches(kit, base, sides.kept, sides.moved);
  refuseConflicts(of, base, sides, conflicts);
  const recorded = checksumsIn(of.records);
  const merge = await mergeJournal({ path, branches, sides, snapshots, recorded });
  const plan = { kit, merge, bothApplied: sides.bothApplied, moreOpen: false, editedDowns: [] };
  return withDowns(plan, branches, of.records);
}

async function planFolders(of: ServiceToMerge): Promise<MergePlan | undefined> {
  const { context, path } = of;
  const folder = await readFolder(path);
  const branches = folder && (await readFolderBranches(folder));
  if (folder === undefined || branches === undefined) return undefined;
  const sides = await sidesOf(of, branches);
  const kit = await loadKitFor(context.config.root, folder);
  const { base } = branches;
  const { conflicts } = await compareBranches(kit, base, sides.kept, sides.moved);
  refuseConflicts(of, base, sides, conflicts);
  const merge = await mergeFolders(path, branches, sides, checksumsIn(of.records));
  const moreOpen = (await openEnds(folder)).length > 2;
  const plan = { kit, merge, bothApplied: sides.bothApplied, moreOpen, editedDowns: [] };
  return withDowns(plan, branches, of.records);
}

/** A plan with the downs of the migrations that it moves. */
async function withDowns(
  plan: MergePlan,
  { base, ours, theirs }: Branches,
  records: readonly RecordsFile[],
): Promise<MergePlan> {
  const { kit, merge } = plan;
  // If neither branch goes after the other, every migration finds the same schema as before.
  if (merge.joinedBy !== undefined) return plan;
  await loadParser();
  const { files: downs, edited } = await mergedDowns(kit, {
    before: [...base, ...ours, ...theirs].map(({ snapshot }) => snapshot),
    after: merge.snapshots,
    moved: merge.places,
    recorded: checksumsIn(records),
    proofs: recordsIn(records, "proofs.json"),
  });
  const made = new Set(downs.map(({ path }) => path));
  const files = [...downs, ...merge.files.filter(({ path }) => !made.has(path))];
  return { ...plan, merge: { ...merge, files }, editedDowns: edited };
}

function checksumsIn(records: readonly RecordsFile[]): BothRecords<string> {
  return recordsIn(records, "checksums.json");
}

function recordsIn(records: readonly RecordsFile[], name: string): BothRecords<string> {
  const none = { ours: {}, theirs: {} };
  const found = records.find(({ file }) => basename(file) === name);
  return (found?.both ?? none) as BothRecords<string>;
}

/** Decides which branch stays: the older one, unless only the younger one is applied somewhere. */
async function sidesOf<One extends BranchMigration>(
  { context, service, offline, records }: ServiceToMerge,
  { ours: older, theirs: younger }: Branches<One>,
): Promise<Sides<One>> {
  const recorded = checksumsIn(records);
  const applied = offline ? [] : await appliedEntries(context, service);
  const shared = older.some(({ files }) => younger.some((one) => one.files.tag === files.tag));
  const isApplied = async (branch: readonly One[]) => {
    for (const { side, files } of branch) {
      const version = await readVersion(files.sql, side, recorded[side][files.tag]);
      const isOwn = (checksum: string) =>
        version !== undefined && isChecksumOfText(version.text, checksum);
      // A tag that both branches use does not identify either.
      if (applied.some((one) => isOwn(one.checksum) || (!shared && one.tag === files.tag)))
        return true;
    }
    return false;
  };
  const [olderApplied, youngerApplied] = [await isApplied(older), await isApplied(younger)];
  return youngerApplied && !olderApplied
    ? { kept: younger, moved: older, bothApplied: false }
    : { kept: older, moved: younger, bothApplied: olderApplied && youngerApplied };
}

/** Refuses branches that conflict: only a person can decide which change is meant. */
function refuseConflicts(
  { path, service }: ServiceToMerge,
  base: readonly BranchMigration[],
  { kept, moved, bothApplied }: Sides,
  conflicts: readonly string[],
): void {
  if (conflicts.length === 0) return;
  const tags = (branch: readonly BranchMigration[]) =>
    branch.map(({ files }) => files.tag).join(", ");
  const regenerate = "resolve the conflict in the Drizzle schema, and generate them again";
  const remedy = bothApplied
    ? `Nothing was written. Both branches are applied somewhere. Check out the branch with ${tags(moved)}, and revert these migrations on each tenant that has them. Then remove them, ${regenerate}. To revert them, run: npx drizzle-fleet downgrade ${base.at(-1)?.files.tag} --service ${service} --tenant <tenant>`
    : `Nothing was written. Remove the migrations of one branch${kept.length > 0 ? ` (${tags(moved)})` : ""}, ${regenerate}.`;
  throw new FleetError(
    "merge",
    `both branches change the same objects: ${conflicts.join(", ")}\n  ${tags(kept)}\n  ${tags(moved)}`,
    { where: relative(process.cwd(), path), remedy },
  );
}
