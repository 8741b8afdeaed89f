import { execFile } from "node:child_process";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Migration } from "../core/migration.ts";
import type { Side } from "./conflicts.ts";
import { isChecksumOfText } from "./line-ends.ts";

const execute = promisify(execFile);

/** How a migration's file was changed after it was applied. */
export interface AppliedDiff {
  /** The commit that contains the applied text. */
  readonly commit: string;
  /** A unified diff from the applied text to the one on disk. */
  readonly text: string;
}

/**
 * Searches the repository's history for the applied text of a migration, by its checksum.
 *
 * @param checksum sha256, in hex, of the applied file's bytes
 * @returns undefined without git, outside a repository, or if no commit contains that text
 */
export async function diffFromApplied(
  migration: Migration,
  checksum: string,
): Promise<AppliedDiff | undefined> {
  const path = resolve(migration.file);
  try {
    const commit = await commitWith(path, checksum);
    if (commit === undefined) return undefined;
    const options = ["--no-color", "--no-ext-diff", "--unified=2", "--ignore-cr-at-eol"];
    const diff = await git(path, ["diff", ...options, commit, "--", basename(path)]);
    const text = diff.toString("utf8").replace(/^(diff|index) .*\n/gm, "");
    return { commit: commit.slice(0, 12), text: text.trimEnd() };
  } catch {
    // The diff is optional. Without it, the checksums are shown.
    return undefined;
  }
}

async function commitWith(path: string, checksum: string): Promise<string | undefined> {
  const log = await git(path, ["log", "--all", "--format=%H", "--", basename(path)]);
  for (const commit of log.toString("utf8").split("\n").filter(Boolean)) {
    const text = await git(path, ["show", `${commit}:./${basename(path)}`]).catch(() => undefined);
    if (text !== undefined && isChecksumOfText(text.toString("utf8"), checksum)) return commit;
  }
  return undefined;
}

/**
 * Reads the two versions of a file in the merge that is under way, or in the latest merge.
 *
 * @param path absolute path
 * @returns undefined without git, outside a repository, or if HEAD is not a merge
 */
export async function mergedVersions(
  path: string,
): Promise<Readonly<Record<Side, string>> | undefined> {
  for (const [ours, theirs] of merges) {
    try {
      // HEAD^2 exists only for a merge commit. The other names exist only while their operation is under way.
      await git(path, ["rev-parse", "--quiet", "--verify", `${theirs}^{commit}`]);
    } catch {
      continue;
    }
    const [left, right] = await Promise.all([versionAt(path, ours), versionAt(path, theirs)]);
    return left === undefined || right === undefined ? undefined : { ours: left, theirs: right };
  }
  return undefined;
}

const merges = [
  ["HEAD", "MERGE_HEAD"],
  ["HEAD", "REBASE_HEAD"],
  ["HEAD", "CHERRY_PICK_HEAD"],
  ["HEAD^1", "HEAD^2"],
] as const;

async function versionAt(path: string, commit: string): Promise<string | undefined> {
  const shown = await git(path, ["show", `${commit}:./${basename(path)}`]).catch(() => undefined);
  return shown?.toString("utf8");
}

async function git(path: string, args: readonly string[]): Promise<Buffer> {
  const options = { cwd: dirname(path), encoding: "buffer", maxBuffer: 64 * 1024 * 1024 } as const;
  return (await execute("git", [...args], options)).stdout;
}

/** A commit to compare a folder with. */
export interface BaseCommit {
  /** The branch that it was found by, or the given ref. */
  readonly name: string;
  readonly commit: string;
}

/** Names of the branch that work starts from. */
const defaultBranches = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

/**
 * Finds the commit where the current branch left the default branch.
 *
 * @param folder absolute path of a folder in the repository
 * @returns undefined without git, outside a repository, or if there is no such commit
 */
export async function mergeBase(folder: string): Promise<BaseCommit | undefined> {
  for (const name of defaultBranches) {
    const found = await gitIn(folder, ["merge-base", "HEAD", name]).catch(() => undefined);
    if (found !== undefined) return { name, commit: found.trim() };
  }
  return undefined;
}

/** Finds a commit by any name that git knows. See `mergeBase`. */
export async function commitOf(folder: string, name: string): Promise<BaseCommit | undefined> {
  const args = ["rev-parse", "--quiet", "--verify", "--end-of-options", `${name}^{commit}`];
  const found = await gitIn(folder, args).catch(() => undefined);
  return found === undefined ? undefined : { name, commit: found.trim() };
}

/** The paths of a folder's files in a commit, relative to the folder. */
export async function filesAt(folder: string, { commit }: BaseCommit): Promise<Set<string>> {
  const list = await gitIn(folder, ["ls-tree", "-r", "-z", "--name-only", commit, "--", "."]);
  return new Set(list.split("\0").filter((name) => name !== ""));
}

async function gitIn(folder: string, args: readonly string[]): Promise<string> {
  return (await git(join(folder, "any"), args)).toString("utf8");
}
