import { join, relative } from "node:path";
import { z } from "zod";
import { FleetError, isFleetError } from "../core/errors.ts";
import { readText } from "./decode.ts";
import { joinedEntries } from "./joined-journal.ts";

/** drizzle-kit does not check the version and keeps the existing one. So does this schema: it reads every version. */
const journalSchema = z.looseObject({
  version: z.string(),
  dialect: z.string(),
  entries: z.array(
    z.object({
      idx: z.int().min(0),
      version: z.string().optional(),
      when: z.number(),
      tag: z.string().regex(/^[^/\\\0\p{Cs}]+$/u, "is not a file name"),
      breakpoints: z.boolean().optional(),
    }),
  ),
});

/** drizzle-kit's names for PostgreSQL. Before 0.21 it was `pg`. */
const dialects: readonly string[] = ["postgresql", "pg"];

/** drizzle-kit's `meta/_journal.json`: the list of migrations, in order. */
export type Journal = z.infer<typeof journalSchema>;
export type JournalEntry = Journal["entries"][number];

/** A journal's members other than its entries. */
export type JournalHead = Omit<Journal, "entries">;

const newestHead: JournalHead = { version: "7", dialect: "postgresql" };

/**
 * Formats a journal. Like drizzle-kit, it keeps the version and the dialect.
 *
 * @param head the head of the existing journal, or undefined for a folder's first one
 */
export function journalText(
  head: JournalHead | undefined,
  entries: readonly JournalEntry[],
): string {
  return JSON.stringify({ ...(head ?? newestHead), entries }, null, 2);
}

/** The path of a folder's journal. */
export function journalPath(folder: string): string {
  return join(folder, "meta", "_journal.json");
}

/**
 * Reads a journal's head, even if git left the lines of two branches in it.
 *
 * @returns undefined if the folder has no journal
 */
export async function readHead(folder: string): Promise<JournalHead | undefined> {
  const path = journalPath(folder);
  const text = await readText(path, relative(process.cwd(), path)).catch(() => "");
  const [head = ""] = text.split('"entries"');
  const version = /^\s*"version"\s*:\s*"([^"]*)"/m.exec(head)?.[1];
  const dialect = /^\s*"dialect"\s*:\s*"([^"]*)"/m.exec(head)?.[1];
  return version === undefined || dialect === undefined ? undefined : { version, dialect };
}

/**
 * Reads a service's journal.
 *
 * @param folder absolute path of the migrations folder
 * @returns undefined if the folder has no journal
 * @throws FleetError `journal` if it is not JSON or not a journal
 */
export async function readJournal(folder: string): Promise<Journal | undefined> {
  const path = journalPath(folder);
  const shown = relative(process.cwd(), path);
  const text = await readText(path, shown).catch((error: NodeJS.ErrnoException) => {
    if (isFleetError(error)) throw error;
    if (error.code === "ENOENT") return undefined;
    throw new FleetError("journal", `${shown} cannot be read: ${error.message}`, {
      where: shown,
      cause: error,
      remedy: "Check that you have permission to read the file.",
    });
  });
  return text === undefined ? undefined : parseJournal(text, shown);
}

/**
 * Parses the text of a journal.
 *
 * @param shown the file's path, for error messages
 * @throws FleetError `journal` if it is not JSON, not a journal, or for a database other than PostgreSQL
 */
export function parseJournal(text: string, shown: string): Journal {
  const json = parseJson(text, shown);
  if (joinedEntries(text) !== undefined) throw joinedError(shown);
  const result = journalSchema.safeParse(json);
  if (result.success) {
    if (dialects.includes(result.data.dialect)) return result.data;
    throw otherDialectError(result.data.dialect, shown);
  }
  const issues = result.error.issues.map(
    (issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`,
  );
  throw malformedError(shown, issues.join("; "), result.error);
}

function parseJson(text: string, shown: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (/^(<{7}|={7}|>{7})/m.test(text))
      throw new FleetError("journal", "the journal contains git's conflict markers", {
        where: shown,
        remedy: "Two branches added migrations. To merge them, run: npx drizzle-fleet merge",
        cause: error,
      });
    throw joinedEntries(text) === undefined
      ? malformedError(shown, "it is not JSON", error)
      : joinedError(shown);
  }
}

/** A JSON parser uses the last of two values for one key, and would ignore one branch's migration. */
function joinedError(shown: string): FleetError {
  return new FleetError("journal", "the journal contains the joined lines of two branches", {
    where: shown,
    remedy:
      "git joined them line by line (merge=union). To merge the branches, run: npx drizzle-fleet merge",
  });
}

function otherDialectError(dialect: string, shown: string): FleetError {
  return new FleetError("journal", `the journal is for ${dialect}, not for PostgreSQL`, {
    where: shown,
    remedy:
      'Correct the service\'s "out" in the configuration: it must be a folder of migrations for PostgreSQL.',
  });
}

function malformedError(shown: string, reason: string, cause: unknown): FleetError {
  return new FleetError("journal", `the journal is malformed: ${reason}`, {
    where: shown,
    remedy: "drizzle-kit writes this file. Restore it from version control, or correct it.",
    cause,
  });
}
