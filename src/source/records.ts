import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { FleetError, isFleetError } from "../core/errors.ts";
import { type Side, splitConflicts } from "./conflicts.ts";

/** A flat JSON file of a migrations folder, with one value for each migration or file. */
export type Records<Value = unknown> = Readonly<Record<string, Value>>;

/** The records of two branches. */
export type BothRecords<Value = unknown> = Readonly<Record<Side, Records<Value>>>;

/** Formats records with one line per entry, sorted, so that git can merge them line by line. */
export function recordsText(records: Records): string {
  const lines = Object.keys(records)
    .sort()
    .map((key) => `  ${JSON.stringify(key)}: ${JSON.stringify(records[key])}`);
  return lines.length === 0 ? "{}\n" : `{\n${lines.join(",\n")}\n}\n`;
}

/**
 * Reads the records of both branches if git left conflict markers in the file, or its union driver joined the lines.
 * If a key occurs twice without markers, the first value is ours and the second is theirs.
 *
 * @param shown the file's path, for error messages
 * @returns undefined for a file that git left intact
 * @throws FleetError `journal` if a line is not an entry, or the end is missing, so that the branches cannot be
 *   separated
 */
export function recordsOfBothSides(text: string, shown: string): BothRecords | undefined {
  if (isWhole(text)) return undefined;
  const versions = splitConflicts(text);
  if (versions === undefined) {
    const entries = entriesIn(text, shown);
    // Joined lines still end with the bracket that both versions end with.
    if (!/\}\s*$/.test(text)) throw truncatedError(shown);
    return joined(entries);
  }
  return {
    ours: Object.fromEntries(entriesIn(versions.ours, shown)),
    theirs: Object.fromEntries(entriesIn(versions.theirs, shown)),
  };
}

/** The remedies for a file of records that cannot be used. */
interface RecordRemedies {
  readonly malformed: string;
  readonly unreadable?: string;
}

/**
 * Reads a file of records. A missing file counts as an empty one.
 *
 * @param path absolute path
 * @param parse validates the parsed JSON; any error that it throws means that the file is malformed
 * @throws FleetError `journal` if the file cannot be read, is left unmerged by git, or is malformed
 */
export async function readRecordFile<Found>(
  path: string,
  parse: (json: unknown) => Found,
  { malformed, unreadable }: RecordRemedies,
): Promise<Found> {
  const where = relative(process.cwd(), path);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return "{}";
    throw new FleetError("journal", `${where} cannot be read: ${cause.message}`, {
      where,
      ...(unreadable === undefined ? {} : { remedy: unreadable }),
      cause,
    });
  });
  refuseUnmerged(text, where);
  try {
    return parse(JSON.parse(text));
  } catch (cause) {
    throw new FleetError("journal", `${where} is malformed`, { where, remedy: malformed, cause });
  }
}

/**
 * Refuses a file that contains the lines of two branches.
 *
 * @param shown the file's path, for error messages
 * @throws FleetError `journal`
 */
function refuseUnmerged(text: string, shown: string): void {
  const isMarked = /^(<{7}|={7}|>{7})/m.test(text);
  if (!isMarked && !isJoined(text, shown)) return;
  const what = isMarked ? "git's conflict markers" : "the lines of two branches";
  throw new FleetError("journal", `${shown} contains ${what}`, {
    where: shown,
    remedy: "To merge the branches, run: npx drizzle-fleet merge",
  });
}

function isJoined(text: string, shown: string): boolean {
  try {
    return recordsOfBothSides(text, shown) !== undefined;
  } catch (error) {
    // The file is damaged in another way.
    if (isFleetError(error)) return false;
    throw error;
  }
}

/** Tells whether a text is JSON without duplicate keys. */
function isWhole(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return true;
    const lines = text.split("\n").filter((line) => entry.test(line));
    // Another program may have written several entries on one line.
    return lines.length <= Object.keys(parsed).length;
  } catch {
    return false;
  }
}

const entry = /^\s*("(?:[^"\\]|\\.)*")\s*:\s*(.+?)\s*,?\s*$/;

function entriesIn(text: string, shown: string): [string, unknown][] {
  return text.split(/\r?\n/).flatMap((line) => {
    if (/^[\s{},]*$/.test(line)) return [];
    const [, key = "", value = ""] = entry.exec(line) ?? [];
    try {
      return [[JSON.parse(key) as string, JSON.parse(value) as unknown] as [string, unknown]];
    } catch (cause) {
      throw new FleetError("journal", `${shown} has a line that is not an entry: ${line.trim()}`, {
        where: shown,
        remedy: `Nothing was written. Delete that line, or restore one branch's file with git checkout HEAD -- ${shown}. Then run: npx drizzle-fleet merge`,
        cause,
      });
    }
  });
}

function truncatedError(shown: string): FleetError {
  return new FleetError("journal", `${shown} is truncated: its closing bracket is missing`, {
    where: shown,
    remedy: "Nothing was written. Restore the file from version control.",
  });
}

function joined(entries: readonly [string, unknown][]): BothRecords {
  return {
    ours: Object.fromEntries(entries.toReversed()),
    theirs: Object.fromEntries(entries),
  };
}
