import { relative } from "node:path";
import { FleetError, isFleetError } from "../core/errors.ts";
import { checksumOf } from "./checksums.ts";
import { type Side, splitConflicts } from "./conflicts.ts";
import { readText } from "./decode.ts";
import { filesInJournal } from "./folder.ts";
import { type JournalEntry, journalPath, parseJournal } from "./journal.ts";
import { type StoredSnapshot, shareParent, storedIn } from "./stored-snapshot.ts";

/** A migration of one branch: its entry, and its snapshot as that branch has it. */
export interface BranchEntry {
  /** Whose part of a file counts where git left conflict markers. */
  readonly side: Side;
  readonly entry: JournalEntry;
  readonly snapshot: StoredSnapshot;
}

/** Two lines of migrations that begin at the same one. */
export interface Branches {
  /** What both have, oldest first. */
  readonly base: readonly BranchEntry[];
  readonly ours: readonly BranchEntry[];
  readonly theirs: readonly BranchEntry[];
}

/**
 * Finds the two branches in a folder of drizzle-kit 0.31's layout, as git left it: with conflict markers in the journal
 * and the snapshots, or with the entries of both in the journal.
 *
 * @param path absolute path of the migrations folder
 * @returns undefined when there is one line only
 * @throws FleetError `journal` when a file is malformed or lost, or the branches have nothing in common
 */
export async function readBranches(path: string): Promise<Branches | undefined> {
  const shown = relative(process.cwd(), journalPath(path));
  const text = await textOr(journalPath(path));
  if (text === undefined) return undefined;
  const versions = splitConflicts(text);
  const branches =
    versions === undefined
      ? await byEntries(path, parseJournal(text, shown).entries)
      : await byVersions(
          path,
          parseJournal(versions.ours, shown).entries,
          parseJournal(versions.theirs, shown).entries,
        );
  if (branches === undefined || branches.ours.length === 0 || branches.theirs.length === 0)
    return versions === undefined ? undefined : branches;
  if (branches.base.length > 0) return branches;
  throw new FleetError("journal", "the two branches have no migration in common", {
    where: shown,
    remedy:
      "Each began a history of its own. Keep one of them, and generate the other's changes anew on top of it.",
  });
}

async function byVersions(
  path: string,
  ours: readonly JournalEntry[],
  theirs: readonly JournalEntry[],
): Promise<Branches> {
  const read = (entries: readonly JournalEntry[], side: Side) =>
    Promise.all(entries.map((entry) => readSide(path, entry, side)));
  const [left, right] = await Promise.all([read(ours, "ours"), read(theirs, "theirs")]);
  // Names that are made from the SQL are often the same on both branches: snapshots are not.
  const differs = left.findIndex((one, index) => !isSame(one, right[index]));
  const length = differs < 0 ? left.length : differs;
  const branches = {
    base: left.slice(0, length),
    ours: left.slice(length),
    theirs: right.slice(length),
  };
  refuseLost(path, branches);
  return branches;
}

function isSame(one: BranchEntry, other: BranchEntry | undefined): boolean {
  return one.entry.tag === other?.entry.tag && one.snapshot.id === other.snapshot.id;
}

/** The journal lists both: whose snapshot follows which one tells the branches apart. */
async function byEntries(
  path: string,
  entries: readonly JournalEntry[],
): Promise<Branches | undefined> {
  const seen = new Set<number>();
  const read = await Promise.all(
    entries.map((entry) => {
      const again = seen.has(entry.idx);
      seen.add(entry.idx);
      return readSide(path, entry, again ? "theirs" : "ours");
    }),
  );
  const second = read.findIndex(({ snapshot }, index) =>
    read.slice(0, index).some((one) => shareParent(one.snapshot, snapshot)),
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
  refuseLost(path, branches);
  return branches;
}

/** Both branches wrote a file of the same name: whoever resolved that by hand has lost one of them. */
function refuseLost(path: string, { base, ours, theirs }: Branches): void {
  for (const branch of [ours, theirs]) {
    let before = base.at(-1);
    for (const one of branch) {
      if (before !== undefined && !one.snapshot.parents.includes(before.snapshot.id)) {
        const { snapshot } = filesInJournal(path, one.entry);
        const where = relative(process.cwd(), snapshot);
        throw new FleetError("journal", `the snapshot of ${one.entry.tag} is lost`, {
          where,
          remedy: `Both branches have a file of that name, and one was kept. Begin the merge again, leave the conflict markers in, and run drizzle-fleet merge. Nothing was written.`,
        });
      }
      before = one;
    }
  }
}

/**
 * Reads a file as one branch has it; undefined when there is none.
 *
 * @param checksum what the branch has recorded: git ends a version with a line break that had none
 */
export async function readVersion(
  file: string,
  side: Side,
  checksum: string | undefined,
): Promise<{ readonly text: string; readonly marked: boolean } | undefined> {
  const written = await textOr(file);
  const version = written === undefined ? undefined : splitConflicts(written)?.[side];
  if (version === undefined)
    return written === undefined ? undefined : { text: written, marked: false };
  const bare = version.replace(/\r?\n$/, "");
  return { text: checksumOf(bare) === checksum ? bare : version, marked: true };
}

/** A file's text; undefined when it cannot be read. @throws FleetError `syntax` when it is not in UTF-8 */
function textOr(path: string): Promise<string | undefined> {
  return readText(path, relative(process.cwd(), path)).catch((error: unknown) => {
    if (isFleetError(error)) throw error;
    return undefined;
  });
}

async function readSide(path: string, entry: JournalEntry, side: Side): Promise<BranchEntry> {
  const file = filesInJournal(path, entry).snapshot;
  const where = relative(process.cwd(), file);
  const failed = (reason: string, cause?: unknown) =>
    new FleetError("journal", `the snapshot of ${entry.tag} ${reason}`, {
      where,
      remedy: "Restore the file as git left it. Nothing was written.",
      cause,
    });
  const text = await readText(file, where).catch((error: unknown) => {
    if (isFleetError(error)) throw error;
    throw failed("cannot be read", error);
  });
  try {
    const snapshot = storedIn(JSON.parse(splitConflicts(text)?.[side] ?? text));
    if (snapshot !== undefined) return { side, entry, snapshot };
  } catch (error) {
    throw failed("is not JSON", error);
  }
  throw failed("is malformed");
}
