import { relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import { type BranchEntry, type Branches, readVersion } from "../source/branches.ts";
import { filesInJournal, tagAfter } from "../source/folder.ts";
import { type JournalEntry, journalPath, journalText, readHead } from "../source/journal.ts";
import type { BothRecords } from "../source/records.ts";
import type { NewFile } from "../source/write-files.ts";
import type { Snapshot } from "./kit-types.ts";
import { type Merge, mergeOf, type Sides } from "./merge-types.ts";

/** Where a migration goes. */
interface Placed {
  readonly entry: JournalEntry;
  readonly from: BranchEntry;
}

/**
 * Puts one branch after the other: its migrations get the next numbers and keep their SQL.
 *
 * @param path absolute path of the migrations folder
 * @param sides the branches; the moved one keeps its tags where something has applied it
 * @param snapshots the schema as each of the moved migrations leaves it on top of the kept ones
 * @param recorded the checksums that each branch has recorded
 * @throws FleetError `merge` where the SQL of one branch is lost
 */
export async function mergeJournal(
  path: string,
  { base }: Branches<BranchEntry>,
  sides: Sides<BranchEntry>,
  snapshots: readonly Snapshot[],
  recorded: BothRecords<string>,
): Promise<Merge> {
  const { kept, moved, shared } = place(path, base, sides);
  const line = [
    ...base.map(({ entry }) => entry),
    ...[...kept, ...moved].map(({ entry }) => entry),
  ];
  const sources = [...kept, ...moved].map(({ from }) => from.files);
  const own = new Set(sources.flatMap((files) => Object.values(files)));
  const files = await carried(path, kept, moved, shared, own, recorded);
  const placed = [
    // git leaves the markers of both branches in the kept one's snapshots.
    ...kept.map(({ entry, from }) => [entry, from.snapshot.content] as const),
    ...moved.map(({ entry }, index) => [entry, snapshots[index] ?? {}] as const),
  ];
  for (const [entry, content] of placed) {
    const text = JSON.stringify(content, null, 2);
    files.push({ path: filesInJournal(path, entry).snapshot, text, replaces: true });
  }
  files.push({
    path: journalPath(path),
    text: journalText(await readHead(path), line),
    replaces: true,
  });
  const present = new Set(line.flatMap((entry) => Object.values(filesInJournal(path, entry))));
  const stale = sources
    .flatMap(({ sql, down, snapshot }) => [sql, down, snapshot])
    .filter((file) => !present.has(file));
  const target = ({ from, entry }: Placed) => ({ from, to: filesInJournal(path, entry) });
  const merge = mergeOf(kept.map(target), moved.map(target), files, stale);
  const merged = [...base, ...sides.kept].map(({ snapshot }) => snapshot);
  const after = sides.moved.map(({ snapshot: { id } }, index) => {
    const parent = index === 0 ? merged.at(-1)?.id : sides.moved[index - 1]?.snapshot.id;
    const content = { ...snapshots[index], id };
    return { id, parents: parent === undefined ? [] : [parent], content };
  });
  return { ...merge, snapshots: [...merged, ...after] };
}

/** The moved branch's numbers go on where the kept one's end. */
function place(
  path: string,
  base: readonly BranchEntry[],
  { kept, moved, bothApplied }: Sides<BranchEntry>,
) {
  const shared = new Set(
    kept.flatMap(({ entry: { tag } }) => (moved.some((one) => one.entry.tag === tag) ? tag : [])),
  );
  // Ledgers hold the same tag for both: under another one each finds its own, by its checksum.
  const apart = (tag: string, which: number) =>
    bothApplied && shared.has(tag) ? `${tag}_${which}` : tag;
  const first = kept.map((from): Placed => {
    return { from, entry: { ...from.entry, tag: apart(from.entry.tag, 1) } };
  });
  const line = [...base, ...first].map(({ entry }) => entry);
  const second = moved.map((from): Placed => {
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

/** `0005_add_avatar` as number 7: `0007_add_avatar`. A tag that begins with a time stays. */
function renumbered(tag: string, idx: number): string {
  return tag.replace(/^\d{4}(?=_|$)/, String(idx).padStart(4, "0"));
}

/** An entry with a tag, and a snapshot, that no other one has: two may be made in the same second. */
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

/** The SQL and the downs that change their place, or lose the markers that git left in them. */
async function carried(
  path: string,
  kept: readonly Placed[],
  moved: readonly Placed[],
  shared: ReadonlySet<string>,
  own: ReadonlySet<string>,
  recorded: BothRecords<string>,
): Promise<NewFile[]> {
  const files: NewFile[] = [];
  for (const { entry, from } of [...kept, ...moved]) {
    const after = filesInJournal(path, entry);
    const { tag, sql, down } = from.files;
    for (const [kind, file] of [
      ["sql", sql],
      ["down", down],
    ] as const) {
      const checksum = kind === "sql" ? recorded[from.side][tag] : undefined;
      const version = await readVersion(file, from.side, checksum);
      if (version === undefined || (!version.marked && file === after[kind])) continue;
      const isMoved = moved.some((one) => one.from === from);
      if (kind === "sql" && isMoved && shared.has(tag) && !version.marked) throw lostText(sql);
      files.push({ path: after[kind], text: version.text, replaces: own.has(after[kind]) });
    }
  }
  return files;
}

/** Resolving the conflict by hand has kept the SQL of one branch alone. */
function lostText(file: string): FleetError {
  const where = relative(process.cwd(), file);
  return new FleetError(
    "merge",
    `both branches have ${where}, but the file holds only one version`,
    {
      where,
      remedy:
        "Nothing was written. Start git's merge again, leave the conflict markers in, and run: drizzle-fleet merge",
    },
  );
}
