import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { type Checksums, checksumOf, readChecksums } from "./checksums.ts";
import { contractMarks, contractProblems } from "./contracts.ts";
import { decode } from "./decode.ts";
import { type MigrationFiles, type MigrationsFolder, readFolder } from "./folder.ts";
import { journalPath } from "./journal.ts";
import { withLineEnds, withoutCarriageReturns } from "./line-ends.ts";

/**
 * Reads a service's migrations, in order. The SQL is not parsed here, so that a run with nothing to do does not load
 * the parser. Downs are not read. Text and checksum do not depend on the line endings that git gave a file.
 *
 * @param service the service's name
 * @param path absolute path of its migrations folder
 * @throws FleetError `journal` for a missing or malformed journal, missing files and repeated tags, all in one error.
 *   `syntax` for a file that is not UTF-8.
 */
export async function readMigrations(service: string, path: string): Promise<Migration[]> {
  const folder = await readFolder(path);
  if (folder === undefined) throw noMigrationsError(service, path);
  const problems = repeatedTags(folder);
  const recorded = await readChecksums(path);
  const migrations = await Promise.all(
    folder.migrations.map(async (files) => {
      const migration = await readMigration(service, files, recorded);
      if (migration === undefined) problems.push(missingFileError(folder, files));
      return migration;
    }),
  );
  throwProblems(problems, `the migrations of ${service} are incomplete`);
  const found = migrations.filter((migration) => migration !== undefined);
  throwProblems(contractProblems(found), `the contracts of ${service} cannot be held back`);
  return found;
}

/**
 * Reads one migration.
 *
 * @param recorded the checksums of its folder
 * @returns undefined if its file is missing
 */
export async function readMigration(
  service: string,
  { tag, sql, down }: MigrationFiles,
  recorded: Checksums,
): Promise<Migration | undefined> {
  const read = await readSqlFile(sql, recorded[tag]);
  if (read === undefined) return undefined;
  const downFile = relative(process.cwd(), down);
  return { service, tag, ...read, downFile, ...contractMarks(read.text) };
}

/**
 * Reads a file of SQL.
 *
 * @param path absolute path
 * @param recorded the recorded checksum of the file. If only line endings changed since, the text is as it was
 *   recorded.
 * @returns undefined if the file does not exist
 * @throws FleetError `journal` if the file cannot be read, `syntax` if it is not UTF-8
 */
export async function readSqlFile(
  path: string,
  recorded?: string,
): Promise<Pick<Migration, "file" | "checksum" | "fileChecksum" | "text"> | undefined> {
  const file = relative(process.cwd(), path);
  const bytes = bytesOf(path, file);
  if (bytes === undefined) return undefined;
  const written = decode(bytes, file);
  const fileChecksum = checksumOf(bytes);
  const text = textAs(recorded, written, fileChecksum);
  if (text === written) return { file, text, checksum: fileChecksum };
  return { file, text, checksum: checksumOf(text), fileChecksum };
}

function textAs(recorded: string | undefined, written: string, fileChecksum: string): string {
  if (recorded === fileChecksum) return written;
  const ofRecord = recorded && withLineEnds(written).find((text) => checksumOf(text) === recorded);
  return ofRecord ?? withoutCarriageReturns(written);
}

/** Reads synchronously: for many small files, Node's thread pool takes several times as long. */
function bytesOf(path: string, shown: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new FleetError("journal", `${shown} cannot be read: ${message}`, {
      where: shown,
      remedy: "Check that you have permission to read the file.",
      cause: error,
    });
  }
}

/** The path, for error messages, of the file or folder that lists a folder's migrations. */
export function migrationListPath({
  path,
  layout,
}: Pick<MigrationsFolder, "path" | "layout">): string {
  return relative(process.cwd(), layout === "journal" ? journalPath(path) : path);
}

/** What to do if a listed migration has no SQL file. */
export function missingFileRemedy({ layout }: Pick<MigrationsFolder, "layout">): string {
  const listing = layout === "journal" ? "remove its entry from the journal" : "delete its folder";
  return `Restore the file from version control, or ${listing} if it was never released.`;
}

function missingFileError(folder: MigrationsFolder, { sql }: MigrationFiles): FleetError {
  const file = relative(process.cwd(), sql);
  const listed =
    folder.layout === "journal" ? "although the journal lists it" : "although its folder exists";
  return new FleetError("journal", `${file} is missing, ${listed}`, {
    where: migrationListPath(folder),
    remedy: missingFileRemedy(folder),
  });
}

function repeatedTags(folder: MigrationsFolder): FleetError[] {
  const tags = folder.migrations.map(({ tag }) => tag);
  const repeated = tags.filter((tag, index) => tags.indexOf(tag) !== index);
  return [...new Set(repeated)].map(
    (tag) =>
      new FleetError("journal", `the journal lists ${tag} twice`, {
        where: migrationListPath(folder),
        remedy:
          "Keep one entry per migration. After a merge, give the two migrations different tags.",
      }),
  );
}

function noMigrationsError(service: string, path: string): FleetError {
  const shown = relative(process.cwd(), journalPath(path));
  return new FleetError("journal", `service ${service} has no journal: ${shown} is missing`, {
    where: shown,
    remedy: `If "out" in the configuration is wrong, correct it. To generate the first migration, run: npx drizzle-fleet generate ${service} --name init`,
  });
}
