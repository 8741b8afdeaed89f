import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { mergeFolders, readFolderBranches } from "../autogenerate/merge-folders.ts";
import { type Merge, mergeJournal } from "../autogenerate/merge-journal.ts";
import { FleetError } from "../core/errors.ts";
import type { LedgerEntry } from "../core/ledger.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { readBranches, readVersion } from "../source/branches.ts";
import {
  type Checksums,
  checksumOf,
  checksumsPath,
  checksumsText,
  readBothChecksums,
  readChecksums,
} from "../source/checksums.ts";
import type { Side } from "../source/conflicts.ts";
import { filesInJournal, type MigrationFiles, readFolder } from "../source/folder.ts";
import { journalPath } from "../source/journal.ts";
import { readMigration } from "../source/read-migrations.ts";
import { type NewFile, withFolder, writeFiles } from "../source/write-files.ts";
import type { Selection } from "../tenants/targets.ts";
import { type Context, migrationsFolder, selectTargets, withDatabases } from "./context.ts";
import { withDatabase } from "./plan-fleet.ts";
import { selectServices } from "./services.ts";
import { withTenants } from "./tenant-sources.ts";

/** What became of one service's branches. */
export interface Merged {
  readonly service: string;
  /** Undefined when there was one line only. */
  readonly merge: Pick<Merge, "kept" | "moved"> | undefined;
}

/**
 * Makes one line of two branches that each added migrations behind the same one. The younger branch goes behind the
 * other one, unless something has applied its migrations and nothing those of the other.
 *
 * @param offline true: asks no database, and takes the migrations of both branches as never applied
 * @throws FleetError `merge` when both branches change the same; nothing is written then
 */
export async function merge(
  context: Context,
  names: readonly string[],
  offline: boolean,
): Promise<Merged[]> {
  const planned: { service: string; path: string; files: MergeFiles }[] = [];
  for (const [service] of selectServices(context.config.fleet, names)) {
    const path = migrationsFolder(context, service);
    planned.push({ service, path, files: await planOne(context, service, path, offline) });
  }
  // What one service refuses keeps the others as they were.
  for (const { path, files } of planned) {
    if (files.write.length === 0) continue;
    await withFolder(path, async () => {
      await writeFiles(files.write);
      await Promise.all(files.stale.map((file) => rm(file, { recursive: true, force: true })));
    });
  }
  return planned.map(({ service, files: { merge: made } }) => ({
    service,
    merge: made && { kept: made.kept, moved: made.moved },
  }));
}

/** What a merge changes on disk. */
interface MergeFiles {
  readonly merge: Merge | undefined;
  readonly write: readonly NewFile[];
  readonly stale: readonly string[];
}

async function planOne(
  context: Context,
  service: string,
  path: string,
  offline: boolean,
): Promise<MergeFiles> {
  const both = await readBothChecksums(path);
  const recorded = both ?? (await sameForBoth(path));
  const planned = existsSync(journalPath(path))
    ? await planJournal(context, service, path, offline, recorded)
    : await planFolders(context, service, path, offline);
  const checksums = {
    path: checksumsPath(path),
    text: checksumsText(checksumsBehind(planned, recorded)),
    replaces: true,
  };
  if (planned === undefined)
    return { merge: undefined, write: both === undefined ? [] : [checksums], stale: [] };
  const { files, stale } = planned;
  // The journal comes last: it makes the others count.
  return { merge: planned, write: [...files.slice(0, -1), checksums, ...files.slice(-1)], stale };
}

async function sameForBoth(path: string): Promise<Record<Side, Checksums>> {
  const all = await readChecksums(path);
  return { ours: all, theirs: all };
}

/** What was recorded on both branches, under the tags that the merge leaves. */
function checksumsBehind(
  planned: Merge | undefined,
  { ours, theirs }: Readonly<Record<Side, Checksums>>,
): Checksums {
  const [kept, moved] = planned?.keptSide === "theirs" ? [theirs, ours] : [ours, theirs];
  const { kept: tags = [], moved: renamed = [] } = planned ?? {};
  const gone = new Set(renamed.flatMap(({ from }) => (tags.includes(from) ? [] : from)));
  const rest = Object.entries({ ...moved, ...kept }).filter(([tag]) => !gone.has(tag));
  const behind = renamed.flatMap(({ from, to }) => {
    const own = moved[from];
    return own === undefined ? [] : [[to, own] as const];
  });
  return Object.fromEntries([...rest, ...behind]);
}

async function planJournal(
  context: Context,
  service: string,
  path: string,
  offline: boolean,
  recorded: Readonly<Record<Side, Checksums>>,
): Promise<Merge | undefined> {
  const branches = await readBranches(path);
  if (branches === undefined) return undefined;
  const [older, younger] = byAge(branches.ours, branches.theirs, (one) => one[0]?.entry.when ?? 0);
  const applied = offline ? undefined : await appliedAnywhere(context, service);
  const shared = older.some(({ entry }) => younger.some((one) => one.entry.tag === entry.tag));
  const has = async (branch: typeof older) => {
    for (const { side, entry } of branch) {
      const { tag, sql } = filesInJournal(path, entry);
      const version = await readVersion(sql, side, recorded[side][tag]);
      const checksum = version && checksumOf(version.text);
      // A tag that both branches have says nothing about either.
      if (applied?.some((one) => one.checksum === checksum || (!shared && one.tag === tag)))
        return true;
    }
    return false;
  };
  const [olderApplied, youngerApplied] = [await has(older), await has(younger)];
  return youngerApplied && !olderApplied
    ? mergeJournal(path, branches, younger, older, true, recorded)
    : mergeJournal(path, branches, older, younger, !youngerApplied, recorded);
}

async function planFolders(
  context: Context,
  service: string,
  path: string,
  offline: boolean,
): Promise<Merge | undefined> {
  const folder = await readFolder(path);
  const branches = folder && (await readFolderBranches(folder));
  if (branches === undefined) return undefined;
  const { ours: older, theirs: younger } = branches;
  const applied = offline ? undefined : await appliedAnywhere(context, service);
  const has = async (branch: typeof older) =>
    isApplied(
      applied,
      branch.map(({ files }) => files),
    );
  const [olderApplied, youngerApplied] = [await has(older), await has(younger)];
  if (olderApplied && youngerApplied)
    throw new FleetError("merge", `both branches of ${service} are applied somewhere`, {
      remedy:
        "Their folders keep their names, and the next generate makes a migration that follows both: drizzle-fleet generate, with --custom if nothing else has changed.",
    });
  return youngerApplied ? mergeFolders(path, younger, older) : mergeFolders(path, older, younger);
}

function byAge<Branch>(
  one: Branch,
  other: Branch,
  timeOf: (branch: Branch) => number,
): readonly [older: Branch, younger: Branch] {
  return timeOf(one) <= timeOf(other) ? [one, other] : [other, one];
}

/** True when some ledger has one of these migrations, by its tag and its checksum. */
async function isApplied(
  applied: readonly LedgerEntry[] | undefined,
  files: readonly MigrationFiles[],
): Promise<boolean> {
  if (applied === undefined || applied.length === 0) return false;
  for (const one of files) {
    const migration = await readMigration("", one);
    if (applied.some(({ tag, checksum }) => tag === one.tag || checksum === migration?.checksum))
      return true;
  }
  return false;
}

/** What the ledgers of a service hold, over all its targets. */
function appliedAnywhere(context: Context, service: string): Promise<LedgerEntry[]> {
  const selection = { services: [service], tenants: [], databases: [] };
  return withTenants(context, selection, (known) => appliedTo(known, selection));
}

async function appliedTo(context: Context, selection: Selection): Promise<LedgerEntry[]> {
  const targets = selectTargets(context, selection);
  const names = [...new Set(targets.map(({ database }) => database))];
  return withDatabases(context, names, async (open) => {
    const states = await Promise.all(
      names.map((name) =>
        withDatabase(context, open.addressOf(name), (session) => {
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
