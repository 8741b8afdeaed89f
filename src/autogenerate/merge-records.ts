import { join, relative } from "node:path";
import { checksumOf, checksumsPath } from "../source/checksums.ts";
import { readText } from "../source/decode.ts";
import { proofsPath } from "../source/proofs.ts";
import {
  type BothRecords,
  type Records,
  recordsOfBothSides,
  recordsText,
} from "../source/records.ts";
import type { NewFile } from "../source/write-files.ts";
import { type Merge, mergedRecords } from "./merge-types.ts";

/** A file of a migrations folder with one record for each migration, in the versions of both branches. */
export interface RecordsFile {
  readonly file: string;
  readonly both: BothRecords;
  /** True if git left conflict markers in it, or the lines of both branches. */
  readonly isConflicted: boolean;
}

/**
 * Reads the records of both branches in a migrations folder as git left it. They are equal in a file without a conflict.
 *
 * @throws FleetError `journal` for a file in which the branches cannot be distinguished
 */
export async function readRecords(path: string): Promise<RecordsFile[]> {
  const files = [checksumsPath(path), proofsPath(path), join(path, "accepted.json")];
  const read = await Promise.all(files.map(readBoth));
  return read.flat();
}

async function readBoth(file: string): Promise<RecordsFile[]> {
  const shown = relative(process.cwd(), file);
  const text = await readText(file, shown).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return [];
  const conflicted = recordsOfBothSides(text, shown);
  const both = (): BothRecords => {
    const records = JSON.parse(text) as Records;
    return { ours: records, theirs: records };
  };
  return [{ file, both: conflicted ?? both(), isConflicted: conflicted !== undefined }];
}

/**
 * The record files after a merge: the records of both branches, under the tags after the merge.
 *
 * @param path absolute path of the migrations folder
 * @param proofs the proofs of the merged history by tag; undefined for a proof that is no longer valid
 */
export function recordsFiles(
  path: string,
  records: readonly RecordsFile[],
  merge: Merge | undefined,
  proofs: Records,
): NewFile[] {
  const own = new Map([
    [checksumsPath(path), ownChecksum(merge)],
    [proofsPath(path), proofs],
  ]);
  const files = new Set([...records.map(({ file }) => file), ...own.keys()]);
  return [...files].flatMap((file) => {
    const found = records.find((one) => one.file === file);
    const added = own.get(file) ?? {};
    const isNew = Object.values(added).some((value) => value !== undefined);
    const isOther = found?.isConflicted === true || (found !== undefined && merge !== undefined);
    if (!isNew && !isOther) return [];
    const merged = mergedRecords(
      found?.both ?? { ours: {}, theirs: {} },
      merge ?? { kept: [], moved: [] },
    );
    const all = Object.entries({ ...merged, ...added }).filter(([, value]) => value !== undefined);
    return [{ path: file, text: recordsText(Object.fromEntries(all)), replaces: true }];
  });
}

/** The checksum of the migration that joins the branches. */
function ownChecksum(merge: Merge | undefined): Records<string> {
  const { joinedBy, files = [] } = merge ?? {};
  if (joinedBy === undefined) return {};
  const made = files.find(({ path }) => path.endsWith(join(joinedBy, "migration.sql")));
  return made === undefined ? {} : { [joinedBy]: checksumOf(made.text) };
}
