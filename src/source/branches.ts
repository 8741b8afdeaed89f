import { existsSync } from "node:fs";
import { relative } from "node:path";
import { FleetError, isFleetError } from "../core/errors.ts";
import { type Side, splitConflicts } from "./conflicts.ts";
import { readText } from "./decode.ts";
import { filesInJournal, type MigrationFiles } from "./folder.ts";
import { mergedVersions } from "./git-history.ts";
import { joinedEntries } from "./joined-journal.ts";
import { type JournalEntry, journalPath, parseJournal } from "./journal.ts";
import { isChecksumOfText } from "./line-ends.ts";
import { firstParent, type StoredSnapshot, shareParent, storedIn } from "./stored-snapshot.ts";

/** A migration of one branch, with that branch's version of its snapshot. */
export interface BranchMigration {
  /** The side to read where git left conflict markers in a file. */
  readonly side: Side;
  readonly files: MigrationFiles;
  readonly snapshot: StoredSnapshot;
}

/** A migration of one branch in drizzle-kit 0.31's layout. */
export interface BranchEntry extends BranchMigration {
  readonly entry: JournalEntry;
}

/** Two branches of a history, which share their first migrations. */
export interface Branches<One extends BranchMigration = BranchMigration> {
  /** The migrations of both branches, oldest first. */
  readonly base: readonly One[];
  readonly ours: readonly One[];
  readonly theirs: readonly One[];
}

/**
 * Finds two branches in a folder of drizzle-kit 0.31's layout, as git left it: with conflict markers in the journal
 * and the snapshots, with the entries of both branches in the journal, or with their lines joined by git's union
 * driver.
 *
 * @param path absolute path of the migrations folder
 * @returns undefined if the history has no open branches
 * @throws FleetError `journal` if a file is malformed or missing, or the branches have no migration in common
 */
export async function readBranches(path: string): Promise<Branches<BranchEntry> | undefined> {
  const shown = relative(process.cwd(), journalPath(path));
  const text = await textOr(journalPath(path));
  if (text === undefined) return undefined;
  const versions = splitConflicts(text);
  const branches =
    versions === undefined
      ? await byEntries(path, joinedEntries(text) ?? parseJournal(text, shown).entries)
      : await byVersions(path, entriesIn(versions.ours, shown), entriesIn(versions.theirs, shown));
  if (branches === undefined || branches.ours.length === 0 || branches.theirs.length === 0)
    return versions === undefined ? undefined : branches;
  if (branches.base.length > 0) return branches;
  throw new FleetError("journal", "the two branches have no migration in common", {
    where: shown,
    remedy:
      "The branches have separate histories. Keep one of them, and generate the other's changes again after it.",
  });
}

/**
 * Reads a journal whose history is linear although git's union driver repeated some of its lines.
 *
 * @param path absolute path of the migrations folder, which has no open branches
 * @returns undefined for any other journal
 */
export async function joinedJournal(path: string): Promise<readonly JournalEntry[] | undefined> {
  const text = await textOr(journalPath(path));
  return text === undefined || splitConflicts(text) !== undefined ? undefined : joinedEntries(text);
}

function entriesIn(text: string, shown: string): readonly JournalEntry[] {
  return joinedEntries(text) ?? parseJournal(text, shown).entries;
}

async function byVersions(
  path: string,
  ours: readonly JournalEntry[],
  theirs: readonly JournalEntry[],
): Promise<Branches<BranchEntry>> {
  const read = (entries: readonly JournalEntry[], side: Side) =>
    readEntries(path, entries, () => side);
  const [left, right] = await Promise.all([read(ours, "ours"), read(theirs, "theirs")]);
  // Tags derived from the SQL are often the same on both branches. Snapshot ids are not.
  const differs = left.findIndex((one, index) => !isSame(one, right[index]));
  const length = differs < 0 ? left.length : differs;
  const branches = {
    base: left.slice(0, length),
    ours: left.slice(length),
    theirs: right.slice(length),
  };
  refuseLost(branches);
  return branches;
}

function isSame(one: BranchEntry, other: BranchEntry | undefined): boolean {
  return one.entry.tag === other?.entry.tag && one.snapshot.id === other.snapshot.id;
}

/** The journal lists the migrations of both branches. The snapshots' parents tell the branches apart. */
async function byEntries(
  path: string,
  entries: readonly JournalEntry[],
): Promise<Branches<BranchEntry> | undefined> {
  const seen = new Set<number>();
  const read = await readEntries(path, entries, ({ idx }) => {
    const again = seen.has(idx);
    seen.add(idx);
    return again ? "theirs" : "ours";
  });
  const second = read.findIndex(({ snapshot }, index) =>
    read
      .slice(0, index)
      .some((one) => one.snapshot.id !== snapshot.id && shareParent(one.snapshot, snapshot)),
  );
  const joint = read[second];
  if (joint === undefined) return undefined;
  const first = read.findIndex(({ snapshot }) => shareParent(snapshot, joint.snapshot));
  const theirs: BranchEntry[] = [joint];
  const ours = read.slice(first).filter((one) => {
    const follows = theirs.some(({ snapshot }) => one.snapshot.parents.includes(snapshot.id));
    if (follows) theirs.push(one);
    return one !== joint && !follows;
  });
  const branches = { base: read.slice(0, first), ours, theirs };
  refuseLost(branches);
  return branches;
}

/**
 * Refuses branches that wrote a file of the same name, one of which was lost when the conflict was resolved by hand.
 */
function refuseLost({ base, ours, theirs }: Branches<BranchEntry>): void {
  for (const branch of [ours, theirs]) {
    let before = base.at(-1);
    for (const one of branch) {
      if (!existsSync(one.files.snapshot)) throw missingSnapshotError(one.files);
      if (before !== undefined && !one.snapshot.parents.includes(before.snapshot.id)) {
        const where = relative(process.cwd(), one.files.snapshot);
        throw new FleetError("journal", `the snapshot of ${one.entry.tag} was lost`, {
          where,
          remedy: `Both branches have a file of that name, and only one was kept. Nothing was written. Repeat the merge in git, leave the conflict markers in the files, and run: npx drizzle-fleet merge`,
        });
      }
      before = one;
    }
  }
}

/**
 * Reads one branch's version of a file.
 *
 * @param checksum the checksum that the branch recorded. It is needed because git adds a line break to a version that
 *   ended without one, and because a file without conflict markers may be the other branch's.
 * @returns undefined if the file does not exist
 */
export async function readVersion(
  file: string,
  side: Side,
  checksum: string | undefined,
): Promise<{ readonly text: string; readonly marked: boolean } | undefined> {
  const written = await textOr(file);
  if (written === undefined) return undefined;
  const version = splitConflicts(written)?.[side];
  if (version === undefined) {
    const isOwn = checksum === undefined || isChecksumOfText(written, checksum);
    const own = isOwn ? undefined : (await mergedVersions(file))?.[side];
    return own !== undefined && checksum !== undefined && isChecksumOfText(own, checksum)
      ? { text: own, marked: true }
      : { text: written, marked: false };
  }
  const bare = version.replace(/\r?\n$/, "");
  const isBare = checksum !== undefined && isChecksumOfText(bare, checksum);
  return { text: isBare ? bare : version, marked: true };
}

/**
 * Reads a file's text.
 *
 * @returns undefined if the file cannot be read
 * @throws FleetError `syntax` if it is not UTF-8
 */
function textOr(path: string): Promise<string | undefined> {
  return readText(path, relative(process.cwd(), path)).catch((error: unknown) => {
    if (isFleetError(error)) throw error;
    return undefined;
  });
}

/** A migration written by hand may have no snapshot. It uses the snapshot of the migration before it. */
async function readEntries(
  path: string,
  entries: readonly JournalEntry[],
  sideOf: (entry: JournalEntry) => Side,
): Promise<BranchEntry[]> {
  const read = await Promise.all(
    entries.map(async (entry) => {
      const [files, side] = [filesInJournal(path, entry), sideOf(entry)];
      const isThere = existsSync(files.snapshot);
      const snapshot = isThere ? snapshotIn(await readSnapshot(files), files, side) : undefined;
      return { side, entry, files, snapshot };
    }),
  );
  let before: StoredSnapshot = { id: firstParent, parents: [], content: { id: firstParent } };
  return read.map(({ snapshot = before, ...one }) => {
    before = snapshot;
    return { ...one, snapshot };
  });
}

/** Without its snapshot, neither a migration's branch nor its changes are known. */
function missingSnapshotError({ tag, snapshot }: MigrationFiles): FleetError {
  return new FleetError("journal", `${tag} has no snapshot`, {
    where: relative(process.cwd(), snapshot),
    remedy:
      "Nothing was written. Before you merge the branches again, create the snapshot: check out the migration's branch, and run: npx drizzle-fleet generate --snapshot",
  });
}

/**
 * Reads a migration as git left it.
 *
 * @returns one migration, or two if both branches have one of the same name and git left conflict markers in it
 * @throws FleetError `journal` if its snapshot cannot be read
 */
export async function readSides(files: MigrationFiles): Promise<BranchMigration[]> {
  const versions = await readSnapshot(files);
  const sides: readonly Side[] = versions.ours === versions.theirs ? ["ours"] : ["ours", "theirs"];
  return sides.map((side) => ({ side, files, snapshot: snapshotIn(versions, files, side) }));
}

/**
 * Reads a snapshot's text on both branches. If git's union driver joined their lines, git is asked for the originals.
 */
async function readSnapshot(files: MigrationFiles): Promise<Readonly<Record<Side, string>>> {
  const path = files.snapshot;
  const text = await readText(path, relative(process.cwd(), path)).catch((error: unknown) => {
    if (isFleetError(error)) throw error;
    throw unreadableSnapshotError(files, "cannot be read", error);
  });
  const versions =
    splitConflicts(text) ?? (isJoined(text) ? await mergedVersions(path) : undefined);
  return versions ?? { ours: text, theirs: text };
}

/** Tells whether a text has two ids, or is no longer JSON. */
function isJoined(text: string): boolean {
  try {
    JSON.parse(text);
    return (text.match(/^ {2}"id":/gm) ?? []).length > 1;
  } catch {
    return true;
  }
}

function snapshotIn(
  versions: Readonly<Record<Side, string>>,
  files: MigrationFiles,
  side: Side,
): StoredSnapshot {
  try {
    const snapshot = storedIn(JSON.parse(versions[side]));
    if (snapshot !== undefined) return snapshot;
  } catch (error) {
    throw unreadableSnapshotError(files, "is not JSON", error);
  }
  throw unreadableSnapshotError(files, "is malformed");
}

function unreadableSnapshotError(
  { tag, snapshot }: MigrationFiles,
  reason: string,
  cause?: unknown,
) {
  return new FleetError("journal", `the snapshot of ${tag} ${reason}`, {
    where: relative(process.cwd(), snapshot),
    remedy: "Nothing was written. Restore the file as git left it.",
    cause,
  });
}
