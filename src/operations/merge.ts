import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, relative } from "node:path";
import { compareBranches } from "../autogenerate/compare-branches.ts";
import { loadKitFor } from "../autogenerate/diff.ts";
import type { Kit } from "../autogenerate/kit-types.ts";
import { mergeFolders } from "../autogenerate/merge-folders.ts";
import { mergeJournal } from "../autogenerate/merge-journal.ts";
import { type RecordsFile, readRecords, recordsFiles } from "../autogenerate/merge-records.ts";
import type { Merge, Sides } from "../autogenerate/merge-types.ts";
import { mergedDowns } from "../autogenerate/merged-downs.ts";
import { FleetError } from "../core/errors.ts";
import type { LedgerEntry } from "../core/ledger.ts";
import type { Target } from "../core/target.ts";
import { type Context, migrationsFolder, unlessInterrupted } from "../fleet/context.ts";
import { databasesOf, withDatabases } from "../fleet/databases.ts";
import { readDatabase } from "../fleet/read-database.ts";
import { withRoster } from "../fleet/roster.ts";
import { selectServices } from "../fleet/services.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { proveMerge } from "../proof/merge.ts";
import type { ProofOptions } from "../proof/scratch.ts";
import {
  type BranchEntry,
  type Branches,
  type BranchMigration,
  joinedJournal,
  readBranches,
  readVersion,
} from "../source/branches.ts";
import { readFolder } from "../source/folder.ts";
import { openEnds, readFolderBranches } from "../source/folder-branches.ts";
import { journalPath, journalText, readHead } from "../source/journal.ts";
import { isChecksumOfText } from "../source/line-ends.ts";
import type { BothRecords } from "../source/records.ts";
import { type NewFile, withFolderLock, writeFiles } from "../source/write-files.ts";
import { loadParser } from "../sql/parser.ts";
import { resolveTargets } from "../tenants/targets.ts";

/** What became of one service's branches. */
export interface Merged {
  readonly service: string;
  /** Undefined when there was one line only. */
  readonly merge:
    | {
        readonly kept: readonly string[];
        readonly moved: readonly { readonly from: string; readonly to: string }[];
        /** Tags that the kept branch has lost, as both had the same. */
        readonly renamed: readonly { readonly from: string; readonly to: string }[];
        /** The migration that follows both, where neither was put after the other. */
        readonly joinedBy: string | undefined;
        /** True when tenants of each branch miss what the other one has. */
        readonly bothApplied: boolean;
        /** True when a third branch is left, for another merge. */
        readonly moreOpen: boolean;
        /** Downs that were edited by hand and stay as they are. */
        readonly editedDowns: readonly string[];
      }
    | undefined;
  /** What does not hold of the downs on a server. */
  readonly problems: readonly FleetError[];
  /** Why the merged history was not tried on a server; undefined when it was, or there was nothing to merge. */
  readonly unproved: string | undefined;
  /** Files that held what two branches recorded, and are whole again. */
  readonly restored: readonly string[];
}

/**
 * Makes one history of two branches that each added migrations after the same one. The younger branch goes after the
 * other one, unless something has applied its migrations and nothing those of the other.
 *
 * @param offline true: asks no tenant's database, and takes the migrations of both branches as never applied
 * @param proof how the merged history is tried on a server first
 * @throws FleetError `merge` when the branches do not go together; nothing is written then
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
    planned.push({ path, files: await planOne(context, service, path, offline, proof) });
  }
  // What one service refuses keeps the others as they were.
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

/** What a merge changes on disk. */
interface MergeFiles {
  readonly merged: Merged;
  readonly write: readonly NewFile[];
  readonly stale: readonly string[];
}

async function planOne(
  context: Context,
  service: string,
  path: string,
  offline: boolean,
  proof: ProofOptions,
): Promise<MergeFiles> {
  const records = await readRecords(path);
  const torn = records.flatMap(({ file, isTorn }) => (isTorn ? file : []));
  const plan = existsSync(journalPath(path))
    ? await planJournal(context, service, path, offline, records)
    : await planFolders(context, service, path, offline, records);
  if (plan === undefined) {
    const entries = await joinedJournal(path);
    const journal = {
      path: journalPath(path),
      text: journalText(await readHead(path), entries ?? []),
      replaces: true,
    };
    const repaired = entries === undefined ? [] : [journal];
    const restored = shown([...torn, ...repaired.map((file) => file.path)]);
    const write = [...recordsFiles(path, records, undefined, {}), ...repaired];
    const merged = { service, merge: undefined, restored, problems: [], unproved: undefined };
    return { merged, write, stale: [] };
  }
  const { kit, merge, bothApplied } = plan;
  const { files, stale, joinedBy } = merge;
  const kept = merge.kept.map(({ to }) => to);
  const moved = [...merge.moved.map(({ to }) => to), ...(joinedBy === undefined ? [] : [joinedBy])];
  const sides = { kept, moved, bothOrders: bothApplied };
  // What git left torn is whole in the trial, too: migrations are read with what was recorded of them.
  const write = [...files, ...recordsFiles(path, records, merge, {})];
  const trial = { service, path, kit, write, stale, ...sides };
  const { proofs, problems, unproved } = await proveMerge(context, trial, proof);
  const written = recordsFiles(path, records, merge, proofs);
  return {
    merged: { service, merge: shape(plan), restored: shown(torn), problems, unproved },
    // The journal comes last: it makes the others count.
    write: [...files.slice(0, -1), ...written, ...files.slice(-1)],
    stale,
  };
}

function shown(files: readonly string[]): string[] {
  return files.map((file) => relative(process.cwd(), file));
}

function shape({
  merge,
  bothApplied,
  moreOpen,
  editedDowns,
}: Planned): NonNullable<Merged["merge"]> {
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

interface Planned {
  readonly kit: Kit;
  readonly merge: Merge;
  readonly bothApplied: boolean;
  readonly moreOpen: boolean;
  readonly editedDowns: readonly string[];
}

async function planJournal(
  context: Context,
  service: string,
  path: string,
  offline: boolean,
  records: readonly RecordsFile[],
): Promise<Planned | undefined> {
  const branches = await readBranches(path);
  if (branches === undefined) return undefined;
  const recorded = checksumsIn(records);
  const timeOf = ([first]: readonly BranchEntry[]) => first?.entry.when ?? 0;
  const isOlder = timeOf(branches.ours) <= timeOf(branches.theirs);
  const lines = isOlder ? branches : { ...branches, ours: branches.theirs, theirs: branches.ours };
  const sides = await sidesOf(context, service, lines, offline, recorded);
  const kit = await loadKitFor(context.config.root, { path, layout: "journal" });
  const { conflicts, snapshots } = await compareBranches(
    kit,
    branches.base,
    sides.kept,
    sides.moved,
  );
  refuse(path, service, branches.base, sides, conflicts);
  const merge = await mergeJournal(path, branches, sides, snapshots, recorded);
  return withDowns(kit, branches, merge, sides, records);
}

async function planFolders(
  context: Context,
  service: string,
  path: string,
  offline: boolean,
  records: readonly RecordsFile[],
): Promise<Planned | undefined> {
  const folder = await readFolder(path);
  const branches = folder && (await readFolderBranches(folder));
  if (folder === undefined || branches === undefined) return undefined;
  const recorded = checksumsIn(records);
  const sides = await sidesOf(context, service, branches, offline, recorded);
  const kit = await loadKitFor(context.config.root, folder);
  const { conflicts } = await compareBranches(kit, branches.base, sides.kept, sides.moved);
  refuse(path, service, branches.base, sides, conflicts);
  const merge = await mergeFolders(path, branches, sides, recorded);
  const planned = await withDowns(kit, branches, merge, sides, records);
  return { ...planned, moreOpen: (await openEnds(folder)).length > 2 };
}

/** A merge with the downs of what it moves. */
async function withDowns(
  kit: Kit,
  { base, ours, theirs }: Branches,
  merge: Merge,
  { bothApplied }: Sides,
  records: readonly RecordsFile[],
): Promise<Planned> {
  // Where neither branch goes after the other, every migration finds what it found before.
  if (merge.joinedBy !== undefined)
    return { kit, merge, bothApplied, moreOpen: false, editedDowns: [] };
  await loadParser();
  const before = [...base, ...ours, ...theirs].map(({ snapshot }) => snapshot);
  const { places, snapshots } = merge;
  const [recorded, proofs] = [checksumsIn(records), recordsIn(records, "proofs.json")];
  const { files: downs, edited } = await mergedDowns(
    kit,
    before,
    snapshots,
    places,
    recorded,
    proofs,
  );
  const made = new Set(downs.map(({ path }) => path));
  const files = [...downs, ...merge.files.filter(({ path }) => !made.has(path))];
  return {
    kit,
    merge: { ...merge, files },
    bothApplied,
    moreOpen: false,
    editedDowns: edited,
  };
}

function checksumsIn(records: readonly RecordsFile[]): BothRecords<string> {
  return recordsIn(records, "checksums.json");
}

function recordsIn(records: readonly RecordsFile[], name: string): BothRecords<string> {
  const none = { ours: {}, theirs: {} };
  const found = records.find(({ file }) => basename(file) === name);
  return (found?.both ?? none) as BothRecords<string>;
}

/** Which branch stays: the older one, unless the younger one alone is applied somewhere. */
async function sidesOf<One extends BranchMigration>(
  context: Context,
  service: string,
  { ours: older, theirs: younger }: Branches<One>,
  offline: boolean,
  recorded: BothRecords<string>,
): Promise<Sides<One>> {
  const applied = offline ? [] : await appliedAnywhere(context, service);
  const shared = older.some(({ files }) => younger.some((one) => one.files.tag === files.tag));
  const has = async (branch: readonly One[]) => {
    for (const { side, files } of branch) {
      const version = await readVersion(files.sql, side, recorded[side][files.tag]);
      const isOwn = (checksum: string) =>
        version !== undefined && isChecksumOfText(version.text, checksum);
      // A tag that both branches have says nothing about either.
      if (applied.some((one) => isOwn(one.checksum) || (!shared && one.tag === files.tag)))
        return true;
    }
    return false;
  };
  const [olderApplied, youngerApplied] = [await has(older), await has(younger)];
  return youngerApplied && !olderApplied
    ? { kept: younger, moved: older, bothApplied: false }
    : { kept: older, moved: younger, bothApplied: olderApplied && youngerApplied };
}

/** Two branches that do not go together: no tool can tell which one is meant. */
function refuse(
  path: string,
  service: string,
  base: readonly BranchMigration[],
  { kept, moved, bothApplied }: Sides,
  conflicts: readonly string[],
): void {
  if (conflicts.length === 0) return;
  const tags = (branch: readonly BranchMigration[]) =>
    branch.map(({ files }) => files.tag).join(", ");
  const settle =
    "resolve the conflict in the Drizzle schema, and generate them again. Nothing was written.";
  const remedy = bothApplied
    ? `Both are applied somewhere. Check out the branch of ${tags(moved)}, and take them back on the tenants that have them: drizzle-fleet downgrade ${base.at(-1)?.files.tag} --service ${service} --tenant <tenant>. Then remove those migrations, ${settle}`
    : `Remove one branch's migrations${kept.length > 0 ? ` (${tags(moved)})` : ""}, ${settle}`;
  throw new FleetError(
    "merge",
    `both branches change the same objects: ${conflicts.join(", ")}\n  ${tags(kept)}\n  ${tags(moved)}`,
    { where: relative(process.cwd(), path), remedy },
  );
}

/** The entries of a service's ledgers, over all its targets. */
function appliedAnywhere(context: Context, service: string): Promise<LedgerEntry[]> {
  const selection = { services: [service], tenants: [], databases: [] };
  return withRoster(context, selection, (roster) =>
    entriesOf(context, resolveTargets(context.config.fleet, roster, selection)),
  );
}

function entriesOf(context: Context, targets: readonly Target[]): Promise<LedgerEntry[]> {
  const names = databasesOf(targets);
  return withDatabases(context, names, async (open) => {
    const states = await Promise.all(
      names.map((name) =>
        readDatabase(context, open.addressOf(name), (session) => {
          const own = targets.filter(({ database }) => database === name);
          const schemas = own.map(({ schema }) => schema);
          return readLedgers(session, schemas, new Map());
        }),
      ),
    );
    return states.flatMap((byTarget) =>
      [...byTarget.values()].flatMap((state) => (state.kind === "ledger" ? state.entries : [])),
    );
  });
}
