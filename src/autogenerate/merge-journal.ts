import { relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import { type BranchEntry, type Branches, readVersion } from "../source/branches.ts";
import type { Checksums } from "../source/checksums.ts";
import type { Side } from "../source/conflicts.ts";
import { filesInJournal } from "../source/folder.ts";
import { journalPath } from "../source/journal.ts";
import type { NewFile } from "../source/write-files.ts";
import { mergeSnapshots } from "./three-way.ts";

/** What a merge makes of two branches. */
export interface Merge {
  /** Whose version of a file the kept branch is where git left conflict markers. */
  readonly keptSide: Side;
  /** The tags that stay as they are, of the branch that the other one is put behind. */
  readonly kept: readonly string[];
  /** The other branch's tags, before and after. */
  readonly moved: readonly { readonly from: string; readonly to: string }[];
  /** What to write, the file that makes the rest count last. */
  readonly files: readonly NewFile[];
  /** What is to be removed then: the moved files under their old names. */
  readonly stale: readonly string[];
}

/**
 * Puts one branch behind the other: its migrations get the next numbers and keep their SQL, and their snapshots are
 * made anew, with what both branches changed.
 *
 * @param path absolute path of the migrations folder
 * @param kept the branch that stays as it is
 * @param moved the branch that goes behind it
 * @param renames whether the moved migrations may have other tags; not so when something has applied them
 * @param recorded the checksums that each branch has recorded
 * @throws FleetError `merge` that names what both branches change
 */
export async function mergeJournal(
  path: string,
  { base }: Branches,
  kept: readonly BranchEntry[],
  moved: readonly BranchEntry[],
  renames: boolean,
  recorded: Readonly<Record<Side, Checksums>>,
): Promise<Merge> {
  const placed: { entry: BranchEntry["entry"]; from: BranchEntry }[] = [];
  const line = [...base, ...kept].map(({ entry }) => entry);
  for (const from of moved) {
    const before = line.at(-1) ?? from.entry;
    const idx = before.idx + 1;
    const when = Math.max(from.entry.when, before.when + 1);
    const tag = renames ? renumbered(from.entry.tag, idx) : from.entry.tag;
    if (line.some((one) => one.tag === tag)) throw sameName(path, tag);
    const entry = { ...from.entry, idx, when, tag };
    line.push(entry);
    placed.push({ entry, from });
  }
  const snapshots = remade(path, base, kept, moved);
  const journal = { version: "7", dialect: "postgresql", entries: line };
  const own = new Set(
    [...kept, ...moved].flatMap(({ entry }) => Object.values(filesInJournal(path, entry))),
  );
  const files: NewFile[] = [];
  for (const { entry, from } of [...kept.map((from) => ({ entry: from.entry, from })), ...placed]) {
    const [before, after] = [filesInJournal(path, from.entry), filesInJournal(path, entry)];
    for (const kind of ["sql", "down"] as const) {
      const version = await readVersion(
        before[kind],
        from.side,
        recorded[from.side][from.entry.tag],
      );
      if (version === undefined || (!version.marked && before[kind] === after[kind])) continue;
      const shared = kept.some((one) => one.entry.tag === from.entry.tag);
      if (kind === "sql" && shared && !version.marked && entry !== from.entry)
        throw lostText(before.sql);
      files.push({ path: after[kind], text: version.text, replaces: own.has(after[kind]) });
    }
  }
  const written = [
    // git leaves the markers of both branches in the kept one's snapshots.
    ...kept.map(({ entry, snapshot }) => [entry, snapshot.content] as const),
    ...placed.map(({ entry }, index) => [entry, snapshots[index]] as const),
  ];
  files.push(
    ...written.map(([entry, content]) => ({
      path: filesInJournal(path, entry).snapshot,
      text: JSON.stringify(content, null, 2),
      replaces: true,
    })),
    { path: journalPath(path), text: JSON.stringify(journal, null, 2), replaces: true },
  );
  const present = new Set([...line.flatMap((entry) => Object.values(filesInJournal(path, entry)))]);
  return {
    keptSide: kept[0]?.side ?? "ours",
    kept: kept.map(({ entry }) => entry.tag),
    moved: placed.map(({ entry, from }) => ({ from: from.entry.tag, to: entry.tag })),
    files,
    stale: moved
      .flatMap(({ entry }) => {
        const { sql, down, snapshot } = filesInJournal(path, entry);
        return [sql, down, snapshot];
      })
      .filter((file) => !present.has(file)),
  };
}

/** Whoever resolved the conflict by hand has kept the SQL of one branch alone. */
function lostText(file: string): FleetError {
  const where = relative(process.cwd(), file);
  return new FleetError("merge", `both branches have ${where}, and it holds one of them`, {
    where,
    remedy:
      "Begin the merge again, leave the conflict markers in, and run drizzle-fleet merge. Nothing was written.",
  });
}

/** With other names one of them would have to be lost. */
function sameName(path: string, tag: string): FleetError {
  return new FleetError("merge", `both branches have a migration called ${tag}`, {
    where: relative(process.cwd(), path),
    remedy:
      "Neither can have another name. Take the one that fewer tenants have out, and generate it anew. Nothing was written.",
  });
}

/** `0005_add_avatar` as number 7: `0007_add_avatar`. A tag that begins with a time stays. */
function renumbered(tag: string, idx: number): string {
  return tag.replace(/^\d{4}(?=_|$)/, String(idx).padStart(4, "0"));
}

/** The moved branch's snapshots on top of the kept branch: each with what it changed against the one before it. */
function remade(
  path: string,
  base: readonly BranchEntry[],
  kept: readonly BranchEntry[],
  moved: readonly BranchEntry[],
): unknown[] {
  const conflicts = new Set<string>();
  let ours = (kept.at(-1) ?? base.at(-1))?.snapshot.content;
  let before = base.at(-1)?.snapshot.content;
  const snapshots = moved.map(({ snapshot: { content: theirs } }) => {
    if (ours === undefined || before === undefined) return theirs;
    const result = mergeSnapshots(before, ours, theirs);
    for (const what of [...result.conflicts, ...result.repeated]) conflicts.add(what);
    before = theirs;
    ours = result.merged;
    return result.merged;
  });
  if (conflicts.size > 0) throw refused(path, [...conflicts], kept, moved);
  return snapshots;
}

function refused(
  path: string,
  conflicts: readonly string[],
  kept: readonly BranchEntry[],
  moved: readonly BranchEntry[],
): FleetError {
  const tags = (branch: readonly BranchEntry[]) => branch.map(({ entry }) => entry.tag).join(", ");
  return mergeConflict(path, conflicts, tags(kept), tags(moved));
}

/** Two branches that change the same thing: no tool can tell which one is meant. */
export function mergeConflict(
  path: string,
  conflicts: readonly string[],
  kept: string,
  moved: string,
): FleetError {
  return new FleetError(
    "merge",
    `both branches change the same: ${conflicts.join(", ")}\n  ${kept}\n  ${moved}`,
    {
      where: relative(process.cwd(), path),
      remedy:
        "Take one branch's migrations out, settle it in the Drizzle schema, and generate them anew. Nothing was written.",
    },
  );
}
