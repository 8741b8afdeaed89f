import { readdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import { readText } from "../source/decode.ts";
import {
  filesInFolder,
  laterThan,
  type MigrationFiles,
  type MigrationsFolder,
} from "../source/folder.ts";
import { readStored, type StoredSnapshot } from "../source/stored-snapshot.ts";
import type { NewFile } from "../source/write-files.ts";
import { type Merge, mergeConflict } from "./merge-journal.ts";

/** A migration of one branch in drizzle-kit 1.0's layout. */
export interface FolderEntry {
  readonly files: MigrationFiles;
  readonly snapshot: StoredSnapshot;
}

/** Two lines of folders that begin at the same one. */
export interface FolderBranches {
  readonly base: readonly FolderEntry[];
  readonly ours: readonly FolderEntry[];
  readonly theirs: readonly FolderEntry[];
}

/**
 * Finds two branches in a folder of drizzle-kit 1.0's layout: migrations that no other one follows. The one whose first
 * migration is older comes first.
 *
 * @returns undefined when there is one line only
 * @throws FleetError `journal` when the branches have nothing in common
 */
export async function readFolderBranches(
  folder: MigrationsFolder,
): Promise<FolderBranches | undefined> {
  const all = await Promise.all(
    folder.migrations.map(async (files) => ({ files, snapshot: await readStored(files) })),
  );
  const parents = new Set(all.flatMap(({ snapshot }) => snapshot.parents));
  const [first, second] = all.filter(({ snapshot }) => !parents.has(snapshot.id));
  if (first === undefined || second === undefined) return undefined;
  const lines = [lineOf(first, all), lineOf(second, all)] as const;
  const [one, other] = lines.map((line) => new Set(line));
  const base = lines[0].filter((entry) => other?.has(entry));
  const own = lines.map((line, index) =>
    line.filter((entry) => !(index === 0 ? other : one)?.has(entry)),
  );
  const [ours = [], theirs = []] = own.sort((left, right) =>
    (left[0]?.files.tag ?? "") < (right[0]?.files.tag ?? "") ? -1 : 1,
  );
  if (base.length > 0) return { base, ours, theirs };
  throw new FleetError("journal", "the two branches have no migration in common", {
    where: relative(process.cwd(), folder.path),
    remedy:
      "Each began a history of its own. Keep one of them, and generate the other's changes anew on top of it.",
  });
}

/** A migration with all that it follows, oldest first. */
function lineOf(end: FolderEntry, all: readonly FolderEntry[]): FolderEntry[] {
  const wanted = new Set([end.snapshot.id]);
  const line: FolderEntry[] = [];
  for (const entry of all.toReversed()) {
    if (!wanted.has(entry.snapshot.id)) continue;
    line.unshift(entry);
    for (const parent of entry.snapshot.parents) wanted.add(parent);
  }
  return line;
}

/**
 * Puts one branch behind the other: its first migration follows the other's last one, and where its folder sorts before
 * that, it gets a later time. Its snapshots say what they change and nothing else, so they stay.
 *
 * @throws FleetError `merge` that names what both branches change
 */
export async function mergeFolders(
  path: string,
  kept: readonly FolderEntry[],
  moved: readonly FolderEntry[],
): Promise<Merge> {
  refuseConflicts(path, kept, moved);
  const end = kept.at(-1);
  const files: NewFile[] = [];
  const stale: string[] = [];
  const tags: { from: string; to: string }[] = [];
  let before = end?.files.tag ?? "";
  for (const [index, { files: own, snapshot }] of moved.entries()) {
    const tag = laterThan(before, own.tag);
    const after = filesInFolder(path, tag);
    const content =
      index === 0 && end !== undefined
        ? { ...snapshot.content, prevIds: [end.snapshot.id] }
        : snapshot.content;
    if (tag !== own.tag) {
      files.push(...(await copies(own, after)));
      stale.push(dirname(own.sql));
    }
    files.push({ path: after.snapshot, text: JSON.stringify(content, null, 2), replaces: true });
    tags.push({ from: own.tag, to: tag });
    before = tag;
  }
  return {
    keptSide: "ours",
    kept: kept.map(({ files: { tag } }) => tag),
    moved: tags,
    files,
    stale,
  };
}

async function copies(own: MigrationFiles, after: MigrationFiles): Promise<NewFile[]> {
  const names = (await readdir(dirname(own.sql))).filter((name) => name !== "snapshot.json").sort();
  return Promise.all(
    names.map(async (name) => ({
      path: join(dirname(after.sql), name),
      text: await readText(
        join(dirname(own.sql), name),
        relative(process.cwd(), join(dirname(own.sql), name)),
      ),
      replaces: false,
    })),
  );
}

interface Footprint {
  readonly writes: readonly string[];
  readonly reads: readonly string[];
}

/** drizzle-kit notes for each statement what it changes and what it relies on. */
function refuseConflicts(
  path: string,
  kept: readonly FolderEntry[],
  moved: readonly FolderEntry[],
): void {
  const [one, other] = [printsOf(kept), printsOf(moved)];
  const touched = (of: Footprint[]) =>
    new Set(of.flatMap(({ writes, reads }) => [...writes, ...reads]));
  const written = (of: Footprint[]) => of.flatMap(({ writes }) => writes);
  const both = [
    ...written(one).filter((name) => touched(other).has(name)),
    ...written(other).filter((name) => touched(one).has(name)),
  ];
  both.push(...changedByBoth(kept, moved));
  if (both.length === 0) return;
  const tags = (branch: readonly FolderEntry[]) => branch.map(({ files }) => files.tag).join(", ");
  throw mergeConflict(path, [...new Set(both.map(nameOf))].sort(), tags(kept), tags(moved));
}

interface Delta {
  readonly op: string;
  readonly key?: string;
  readonly [what: string]: unknown;
}

/** What both alter, each in its way: statements that get along, as SET NOT NULL and SET DEFAULT, say different things. */
function changedByBoth(kept: readonly FolderEntry[], moved: readonly FolderEntry[]): string[] {
  const [one, other] = [deltasOf(kept), deltasOf(moved)];
  return one.flatMap((delta) => {
    const { key } = delta;
    const same = other.filter((another) => another.key === key && key !== undefined);
    const differs = same.some((another) => JSON.stringify(another) !== JSON.stringify(delta));
    const [type = "", names = "[]"] = key?.split("\0") ?? [];
    const kind = Object.entries(kinds).find(([, name]) => type.startsWith(name))?.[0] ?? type;
    return differs ? `s|${kind}|${(JSON.parse(names) as string[]).join(".")}` : [];
  });
}

function deltasOf(branch: readonly FolderEntry[]): Delta[] {
  return branch.flatMap(({ snapshot }) =>
    Array.isArray(snapshot.content.deltas) ? snapshot.content.deltas : [],
  );
}

function printsOf(branch: readonly FolderEntry[]): Footprint[] {
  return branch.flatMap(({ snapshot }) =>
    Array.isArray(snapshot.content.footprints) ? snapshot.content.footprints : [],
  );
}

const kinds: Readonly<Record<string, string>> = {
  tbl: "table",
  rel: "table",
  type: "type",
  col: "column",
  idx: "index",
  pk: "primary key",
  fk: "foreign key",
  uniq: "unique constraint",
  chk: "check",
  seq: "sequence",
  pol: "policy",
};

/** `s|col|public.users.email` is column users.email. */
function nameOf(print: string): string {
  const [, kind = "", name = ""] = print.split("|");
  return `${kinds[kind] ?? kind} ${name.replace(/^public\./, "")}`;
}
