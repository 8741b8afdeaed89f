import { join, relative } from "node:path";
import { type Merge, mergedRecords } from "../autogenerate/merge-types.ts";
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

/** A file of a migrations folder that says something about each migration, on both branches. */
export interface RecordsFile {
  readonly file: string;
  readonly both: BothRecords;
  /** True where git left it with conflict markers, or with the lines of both branches. */
  readonly isTorn: boolean;
}

/**
 * Reads what the branches have recorded in a migrations folder, as git left it. Both have the same in a whole file.
 *
 * @throws FleetError `journal` for a file in which the branches cannot be told apart
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
  const torn = recordsOfBothSides(text, shown);
  const whole = (): Records => JSON.parse(text) as Records;
  return [{ file, both: torn ?? { ours: whole(), theirs: whole() }, isTorn: torn !== undefined }];
}

/**
 * Those files with what both branches recorded, under the tags that a merge leaves.
 *
 * @param path absolute path of the migrations folder
 * @param proofs what was proved of the merged history, by tag; undefined for what does not hold any more
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
    const isOther = found?.isTorn === true || (found !== undefined && merge !== undefined);
    if (!isNew && !isOther) return [];
    const merged = mergedRecords(
      found?.both ?? { ours: {}, theirs: {} },
      merge ?? { kept: [], moved: [] },
    );
    const all = Object.entries({ ...merged, ...added }).filter(([, value]) => value !== undefined);
    return [{ path: file, text: recordsText(Object.fromEntries(all)), replaces: true }];
  });
}

/** The checksum of the migration that a merge makes. */
function ownChecksum(merge: Merge | undefined): Records<string> {
  const { joinedBy, files = [] } = merge ?? {};
  if (joinedBy === undefined) return {};
  const made = files.find(({ path }) => path.endsWith(join(joinedBy, "migration.sql")));
  return made === undefined ? {} : { [joinedBy]: checksumOf(made.text) };
}
