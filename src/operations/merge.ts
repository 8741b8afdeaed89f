import { rm } from "node:fs/promises";
import { relative } from "node:path";
import { type RecordsFile, readRecords, recordsFiles } from "../autogenerate/merge-records.ts";
import type { FleetError } from "../core/errors.ts";
import { type Context, migrationsFolder, unlessInterrupted } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { proveMerge } from "../proof/merge.ts";
import { type MergePlan, planMerge } from "../proof/plan-merge.ts";
import type { ProofOptions } from "../proof/scratch.ts";
import { joinedJournal } from "../source/branches.ts";
import { journalPath, journalText, readHead } from "../source/journal.ts";
import { type NewFile, withFolderLock, writeFiles } from "../source/write-files.ts";

/** The result of merging one service's branches. */
export interface Merged {
  readonly service: string;
  /** Undefined if there was only one branch. */
  readonly merge:
    | {
        readonly kept: readonly string[];
        readonly moved: readonly { readonly from: string; readonly to: string }[];
        /** New tags of kept migrations, because both branches used the same tag. */
        readonly renamed: readonly { readonly from: string; readonly to: string }[];
        /** The migration that follows both branches, if neither was put after the other. */
        readonly joinedBy: string | undefined;
        /** True if tenants of each branch are missing the migrations of the other one. */
        readonly bothApplied: boolean;
        /** True if another branch is left, for another merge. */
        readonly moreOpen: boolean;
        /** Downs that were edited by hand and stay as they are, as shown to the user. */
        readonly editedDowns: readonly string[];
      }
    | undefined;
  /** What the proof on a server found wrong with downs. */
  readonly problems: readonly FleetError[];
  /** Why the merged history was not tried on a server; undefined if it was, or there was nothing to merge. */
  readonly unproved: string | undefined;
  /** Files in which git had left the records of two branches, and which are valid again. */
  readonly restored: readonly string[];
}

/**
 * Merges two branches that both added migrations after the same one. The younger branch goes after the older one, unless
 * only the younger one is applied somewhere.
 *
 * @param names services; empty for all
 * @param offline true: reads no tenant's database, and assumes that no migration of either branch is applied
 * @param proof how the merged history is tried on a server before it is written
 * @returns one entry for each selected service
 * @throws FleetError `merge` if the branches conflict, and nothing is written; `journal` for damaged files of
 *   drizzle-kit; `config` if the installed drizzle-kit does not write the folder's layout; `write` if a file cannot be
 *   written
 * @example
 * const [{ merge: result }] = await merge(context, ["shop"], false);
 */
export async function merge(
  context: Context,
  names: readonly string[],
  offline: boolean,
  proof: ProofOptions = {},
): Promise<Merged[]> {
  const planned: { path: string; files: MergeFiles }[] = [];
  for (const [service] of selectServices(context.config.fleet, names)) {
    const path = migrationsFolder(context, service);
    planned.push({ path, files: await filesFor(context, service, { path, offline, proof }) });
  }
  // All services are planned before the first file is written: one refused service keeps all unchanged.
  await unlessInterrupted(context, async () => {
    for (const { path, files } of planned) {
      if (files.write.length === 0) continue;
      await withFolderLock(path, async () => {
        await writeFiles(files.write);
        await Promise.all(files.stale.map((file) => rm(file, { recursive: true, force: true })));
      });
    }
  });
  return planned.map(({ files }) => files.merged);
}

/** The changes of a merge on disk. */
interface MergeFiles {
  readonly merged: Merged;
  readonly write: readonly NewFile[];
  readonly stale: readonly string[];
}

async function filesFor(
  context: Context,
  service: string,
  { path, offline, proof }: { path: string; offline: boolean; proof: ProofOptions },
): Promise<MergeFiles> {
  const records = await readRecords(path);
  const plan = await planMerge({ context, service, path, offline, records });
  if (plan === undefined) return restoredFiles(service, path, records);
  const { kit, merge, bothApplied } = plan;
  const { files, stale, joinedBy } = merge;
  const kept = merge.kept.map(({ to }) => to);
  const moved = [...merge.moved.map(({ to }) => to), ...(joinedBy === undefined ? [] : [joinedBy])];
  const sides = { kept, moved, bothOrders: bothApplied };
  // The trial needs valid record files: migrations are read with their recorded checksums.
  const write = [...files, ...recordsFiles(path, records, merge, {})];
  const trial = { service, path, kit, write, stale, ...sides };
  const { proofs, problems, unproved } = await proveMerge(context, trial, proof);
  const written = recordsFiles(path, records, merge, proofs);
  const restored = conflictedIn(records).map(shownPath);
  return {
    merged: { service, merge: resultOf(plan), restored, problems, unproved },
    // The journal comes last, because it makes the other files count.
    write: [...files.slice(0, -1), ...written, ...files.slice(-1)],
    stale,
  };
}

/** Files of a folder without open branches: only what git left invalid is written. */
async function restoredFiles(
  service: string,
  path: string,
  records: readonly RecordsFile[],
): Promise<MergeFiles> {
  const entries = await joinedJournal(path);
  const journal = {
    path: journalPath(path),
    text: journalText(await readHead(path), entries ?? []),
    replaces: true,
  };
  const repaired = entries === undefined ? [] : [journal];
  const restored = [...conflictedIn(records), ...repaired.map((file) => file.path)].map(shownPath);
  const write = [...recordsFiles(path, records, undefined, {}), ...repaired];
  const merged = { service, merge: undefined, restored, problems: [], unproved: undefined };
  return { merged, write, stale: [] };
}

function conflictedIn(records: readonly RecordsFile[]): string[] {
  return records.flatMap(({ file, isConflicted }) => (isConflicted ? file : []));
}

function shownPath(file: string): string {
  return relative(process.cwd(), file);
}

function resultOf({ merge, ...plan }: MergePlan): Merged["merge"] {
  const { bothApplied, moreOpen, editedDowns } = plan;
  const named = ({ from, to }: { readonly from: string; readonly to: string }) => ({ from, to });
  return {
    kept: merge.kept.map(({ to }) => to),
    moved: merge.moved.map(named),
    renamed: merge.kept.filter(({ from, to }) => from !== to).map(named),
    joinedBy: merge.joinedBy,
    bothApplied,
    moreOpen,
    editedDowns,
  };
}
