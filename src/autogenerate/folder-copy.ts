import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { readFolder } from "../source/folder.ts";
import type { NewFile } from "../source/write-files.ts";
import type { SchemaDiff } from "./diff.ts";

/** A copy of a migrations folder, in which migrations can be drafted that follow each other. */
export interface FolderCopy {
  /** The comparison, with the paths of the copy. */
  readonly diff: SchemaDiff;
  /** The path of a file in the original folder, from its path in the copy. */
  readonly originalOf: (path: string) => string;
  /** The files that the copy has and the original does not, or has with another text; the journal comes last. */
  readonly changed: () => Promise<NewFile[]>;
}

/** Copies a migrations folder, and removes the copy afterwards. */
export async function withFolderCopy<Result>(
  diff: SchemaDiff,
  use: (copy: FolderCopy) => Promise<Result>,
): Promise<Result> {
  const temporary = await mkdtemp(join(tmpdir(), "drizzle-fleet-"));
  try {
    const path = join(temporary, basename(diff.path));
    await cp(diff.path, path, { recursive: true });
    const originalOf = (own: string) => join(diff.path, relative(path, own));
    return await use({
      diff: { ...diff, path, folder: await readFolder(path) },
      originalOf,
      changed: () => changedFiles(path, originalOf),
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function changedFiles(
  path: string,
  originalOf: (path: string) => string,
): Promise<NewFile[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files: NewFile[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const own = join(entry.parentPath, entry.name);
    const text = await readFile(own, "utf8");
    const before = await readFile(originalOf(own), "utf8").catch(() => undefined);
    if (text !== before)
      files.push({ path: originalOf(own), text, replaces: before !== undefined });
  }
  return files.sort((one, other) => rankOf(one) - rankOf(other));
}

/** What makes a migration count comes last. */
function rankOf({ path }: NewFile): number {
  if (path.endsWith("_journal.json")) return 2;
  return path.endsWith("snapshot.json") ? 1 : 0;
}
