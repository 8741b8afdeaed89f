import { join, relative } from "node:path";
import { z } from "zod";
import { FleetError, isFleetError } from "../core/errors.ts";
import { readText } from "./decode.ts";
import { joinedEntries } from "./joined-journal.ts";

/** drizzle-kit itself looks at no version here and keeps the ones it finds, and so do we: files of any of its versions are read. */
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

/** What drizzle-kit calls PostgreSQL: before 0.21 it was `pg`. */
const dialects: readonly string[] = ["postgresql", "pg"];

/** drizzle-kit's `meta/_journal.json`: which migrations there are, in order. */
export type Journal = z.infer<typeof journalSchema>;
export type JournalEntry = Journal["entries"][number];

/** What a journal says beside its entries. */
export type JournalHead = Omit<Journal, "entries">;

const newestHead: JournalHead = { version: "7", dialect: "postgresql" };

/**
 * The text of a journal with other entries. The version and the dialect stay: drizzle-kit leaves them, too.
 *
 * @param head of the journal as it was; undefined for the first one of a folder
 */
export function journalText(
  head: JournalHead | undefined,
  entries: readonly JournalEntry[],
): string {
  return JSON.stringify({ ...(head ?? newestHead), entries }, null, 2);
}

/** The journal's path in a migrations folder. */
export function journalPath(folder: string): string {
  return join(folder, "meta", "_journal.json");
}

/** What a journal says beside its entries, also where git left it with the lines of two branches; undefined without one. */
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
 * @returns the journal, or undefined when the folder holds none
 * @throws FleetError `journal` when it is not JSON or not a journal
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
    });
  });
  return text === undefined ? undefined : parseJournal(text, shown);
}

/**
 * Reads the text of a journal.
 *
 * @param shown the file's path as shown to people
 * @throws FleetError `journal` when it is not JSON, not a journal, or one of another database than PostgreSQL
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
      throw new FleetError("journal", "the journal holds git's conflict markers", {
        where: shown,
        remedy: "Two branches added migrations. Merge them: drizzle-fleet merge",
        cause: error,
      });
    throw joinedEntries(text) === undefined
      ? malformedError(shown, "it is not JSON", error)
      : joinedError(shown);
  }
}

/** JSON takes the last of two values for one key, and so one branch's migration would be passed over. */
function joinedError(shown: string): FleetError {
  return new FleetError("journal", "the journal holds the entries of two branches, line by line", {
    where: shown,
    remedy: "git joined the lines of both (merge=union). Merge the branches: drizzle-fleet merge",
  });
}

function otherDialectError(dialect: string, shown: string): FleetError {
  return new FleetError("journal", `the journal is for ${dialect}, not for PostgreSQL`, {
    where: shown,
    remedy: 'Correct "out" of the service: it must name a folder of migrations for PostgreSQL.',
  });
}

function malformedError(shown: string, reason: string, cause: unknown): FleetError {
  return new FleetError("journal", `the journal is malformed: ${reason}`, {
    where: shown,
    remedy:
      "Restore the file from version control, or correct what is named: drizzle-kit writes it.",
    cause,
  });
}
