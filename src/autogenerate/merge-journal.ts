import { relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import { type BranchEntry, type Branches, readVersion } from "../source/branches.ts";
import { filesInJournal, tagAfter } from "../source/folder.ts";
import { type JournalEntry, journalPath, journalText, readHead } from "../source/journal.ts";
import type { BothRecords } from "../source/records.ts";
import type { StoredSnapshot } from "../source/stored-snapshot.ts";
import type { NewFile } from "../source/write-files.ts";
import type { Snapshot } from "./kit-types.ts";
import { type Merge, mergeOf, type Sides } from "./merge-types.ts";

/** A migration of either branch with its entry in the merged journal. */
interface PlacedEntry {
  readonly entry: JournalEntry;
  readonly from: BranchEntry;
}

/** What a merge of two branches of a journal is made from. */
export interface JournalMerge {
  /** Absolute path of the migrations folder. */
  readonly path: string;
  readonly branches: Branches<BranchEntry>;
  /** The branches; if the moved one is applied somewhere, it keeps its tags. */
  readonly sides: Sides<BranchEntry>;
  /** The schema after each moved migration, when it runs after the kept ones. */
  readonly snapshots: readonly Snapshot[];
  /** The checksums that each branch recorded. */
  readonly recorded: BothRecords<string>;
}

/** The migrations of a merge in their new places. */
interface PlacedEntries {
  readonly kept: readonly PlacedEntry[];
  readonly moved: readonly PlacedEntry[];
  /** Tags that both branches use. */
  readonly shared: ReadonlySet<string>;
}

/**
 * Puts one branch after the other: its migrations get the next numbers and keep their SQL.
 *
 * @throws FleetError `merge` if the SQL of one branch is lost
 */
export async function mergeJournal(input: JournalMerge): Promise<Merge> {
  const { path, branches, sides, snapshots } = input;
  const { base } = branches;
  const placed = place(path, base, sides);
  const { kept, moved } = placed;
  const line = [...base, ...kept, ...moved].map(({ entry }) => entry);
  const journal = {
    path: journalPath(path),
    text: journalText(await readHead(path), line),
    replaces: true,
  };
  const files = [
    ...(await changedFiles(input, placed)),
    ...snapshotFiles(path, placed, snapshots),
    journal,
  ];
  const present = new Set(line.flatMap((entry) => Object.values(filesInJournal(path, entry))));
  const stale = [...kept, ...moved]
    .flatMap(({ from: { files: own } }) => [own.sql, own.down, own.snapshot])
    .filter((file) => !present.has(file));
  const target = ({ from, entry }: PlacedEntry) => ({ from, to: filesInJournal(path, entry) });
  const merge = mergeOf({ kept: kept.map(target), moved: moved.map(target), files, stale });
  return { ...merge, snapshots: mergedSnapshots(input) };
}

/** All snapshots of the merged history, oldest first. */
function mergedSnapshots({ branches, sides, snapshots }: JournalMerge): StoredSnapshot[] {
  const before = [...branches.base, ...sides.kept].map(({ snapshot }) => snapshot);
  const after = sides.moved.map(({ snapshot: { id } }, index) => {
    const parent = index === 0 ? before.at(-1)?.id : sides.moved[index - 1]?.snapshot.id;
    const content = { ...snapshots[index], id };
    return { id, parents: parent === undefined ? [] : [parent], content };
  });
  return [...before, ...after];
}

/** The snapshots of both branches. git leaves conflict markers in those of the kept one. */
function snapshotFiles(
  path: string,
  { kept, moved }: PlacedEntries,
  snapshots: readonly Snapshot[],
): NewFile[] {
  const contents = [
    ...kept.map(({ entry, from }) => [entry, from.snapshot.content] as const),
    ...moved.map(({ entry }, index) => [entry, snapshots[index] ?? {}] as const),
  ];
  return contents.map(([entry, content]) => ({
    path: filesInJournal(path, entry).snapshot,
    text: JSON.stringify(content, null, 2),
    replaces: true,
  }));
}

/** Numbers the moved branch after the kept one. */
function place(
  path: string,
  base: readonly BranchEntry[],
  { kept, moved, bothApplied }: Sides<BranchEntry>,
): PlacedEntries {
  const shared = new Set(
    kept.flatMap(({ entry: { tag } }) => (moved.some((one) => one.entry.tag === tag) ? tag : [])),
  );
  // Ledgers contain the same tag for both: under new tags, each migration is found by its checksum.
  const apart = (tag: string, which: number) =>
    bothApplied && shared.has(tag) ? `${tag}_${which}` : tag;
  const first = kept.map((from): PlacedEntry => {
    return { from, entry: { ...from.entry, tag: apart(from.entry.tag, 1) } };
  });
  const line = [...base, ...first].map(({ entry }) => entry);
  const second = moved.map((from): PlacedEntry => {
    const before = line.at(-1) ?? from.entry;
    const idx = before.idx + 1;
    const when = Math.max(from.entry.when, before.when + 1);
    const { tag: own } = from.entry;
    const tag = bothApplied ? apart(own, 2) : renumbered(own, idx);
    const entry = free(path, { ...from.entry, idx, when, tag }, line);
    line.push(entry);
    return { from, entry };
  });
  return { kept: first, moved: second, shared };
}

/** `0005_add_avatar` as number 7: `0007_add_avatar`. A tag that begins with a time does not change. */
function renumbered(tag: string, idx: number): string {
  return tag.replace(/^\d{4}(?=_|$)/, String(idx).padStart(4, "0"));
}

/** An entry whose tag and snapshot file are unique: two migrations can be generated in the same second. */
function free(path: string, entry: JournalEntry, line: readonly JournalEntry[]): JournalEntry {
  const file = filesInJournal(path, entry).snapshot;
  const isTaken = line.some(
    (one) =>
      one.tag === entry.tag ||
      (/^\d/.test(entry.tag) && filesInJournal(path, one).snapshot === file),
  );
  return isTaken ? free(path, { ...entry, tag: later(entry.tag) }, line) : entry;
}

function later(tag: string): string {
  if (/^\d{14}_/.test(tag)) return tagAfter(tag, tag);
  if (/^\d{4}(_|$)/.test(tag) || !/^\d/.test(tag)) return `${tag}_2`;
  return tag.replace(/^\d+/, (time) => String(BigInt(time) + 1n));
}

/** The SQL files and downs that move, or that contain git's conflict markers. */
async function changedFiles(
  { path, recorded }: JournalMerge,
  { kept, moved, shared }: PlacedEntries,
): Promise<NewFile[]> {
  const files: NewFile[] = [];
  const existing = new Set([...kept, ...moved].flatMap(({ from }) => Object.values(from.files)));
  for (const { entry, from } of [...kept, ...moved]) {
    const after = filesInJournal(path, entry);
    const { tag } = from.files;
    for (const kind of ["sql", "down"] as const) {
      const file = from.files[kind];
      const checksum = kind === "sql" ? recorded[from.side][tag] : undefined;
      const version = await readVersion(file, from.side, checksum);
      if (version === undefined || (!version.marked && file === after[kind])) continue;
      const isMoved = moved.some((one) => one.from === from);
      if (kind === "sql" && isMoved && shared.has(tag) && !version.marked)
        throw lostVersionError(file);
      files.push({ path: after[kind], text: version.text, replaces: existing.has(after[kind]) });
    }
  }
  return files;
}

/** The user resolved git's conflict and kept the SQL of one branch only. */
function lostVersionError(file: string): FleetError {
  const where = relative(process.cwd(), file);
  return new FleetError(
    "merge",
    `both branches have ${where}, but the file contains only one version`,
    {
      where,
      remedy:
        "Nothing was written. Repeat the merge in git, leave the conflict markers in the files, and run: npx drizzle-fleet merge",
    },
  );
}
