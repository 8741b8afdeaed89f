import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { type JournalEntry, journalPath, readJournal } from "./journal.ts";

/**
 * Reads a service's migrations, in the journal's order. The SQL is not parsed yet: a fleet that has nothing
 * to do never pays for it.
 *
 * @param service the service's name
 * @param folder absolute path of its migrations folder
 * @throws FleetError `journal` for a missing or malformed journal, for entries without their file and for
 *   tags that stand twice; all of them at once
 */
export async function readMigrations(service: string, folder: string): Promise<Migration[]> {
  const journal = await readJournal(folder);
  if (journal === undefined) throw await missingJournal(service, folder);
  const problems = repeatedTags(journal.entries, folder);
  const migrations = await Promise.all(
    journal.entries.map((entry) => readMigration(service, folder, entry, problems)),
  );
  throwProblems(problems, `the migrations of ${service} are not complete`);
  return migrations.filter((migration) => migration !== undefined);
}

async function readMigration(
  service: string,
  folder: string,
  entry: JournalEntry,
  problems: FleetError[],
): Promise<Migration | undefined> {
  const path = join(folder, `${entry.tag}.sql`);
  const file = relative(process.cwd(), path);
  try {
    const bytes = await readFile(path);
    const checksum = createHash("sha256").update(bytes).digest("hex");
    const text = bytes.toString("utf8");
    return { service, tag: entry.tag, file, checksum, text };
  } catch (error) {
    problems.push(
      new FleetError("journal", `${file} is missing, though the journal lists it`, {
        where: relative(process.cwd(), journalPath(folder)),
        remedy:
          "Restore the file from version control, or take the entry out if it was never released.",
        cause: error,
      }),
    );
    return undefined;
  }
}

function repeatedTags(entries: readonly JournalEntry[], folder: string): FleetError[] {
  const tags = entries.map((entry) => entry.tag);
  const repeated = tags.filter((tag, index) => tags.indexOf(tag) !== index);
  return [...new Set(repeated)].map(
    (tag) =>
      new FleetError("journal", `the journal lists ${tag} twice`, {
        where: relative(process.cwd(), journalPath(folder)),
        remedy:
          "Give each migration one entry; after a merge, keep both migrations under different tags.",
      }),
  );
}

async function missingJournal(service: string, folder: string): Promise<FleetError> {
  const names = await readdir(folder).catch(() => []);
  const shown = relative(process.cwd(), journalPath(folder));
  if (names.some((name) => /^\d{14}_/.test(name))) {
    return new FleetError(
      "unsupported",
      `${relative(process.cwd(), folder)} has drizzle-kit 1.0's folder layout`,
      {
        remedy: "This version reads the journal layout of drizzle-kit 0.31.",
      },
    );
  }
  return new FleetError("journal", `service ${service} has no journal: ${shown} is missing`, {
    where: shown,
    remedy: `Make the first migration: drizzle-fleet generate ${service} --name init. Or correct "out" in the configuration.`,
  });
}
