import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { type Checksums, checksumOf, readChecksums } from "./checksums.ts";
import { decode } from "./decode.ts";
import { type MigrationFiles, type MigrationsFolder, readFolder } from "./folder.ts";
import { journalPath } from "./journal.ts";
import { withLineEnds, withoutCarriageReturns } from "./line-ends.ts";

/**
 * Reads a service's migrations, in order. The SQL is not parsed yet: a fleet that has nothing to do never pays for
 * it. Their downs are not read. Whatever line ends git has given a file, its text and checksum are the same.
 *
 * @param service the service's name
 * @param path absolute path of its migrations folder
 * @throws FleetError `journal` for a missing or malformed journal, for migrations without their file and for
 *   tags that stand twice; all of them at once. `syntax` for a file that is not in UTF-8
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
  throwProblems(problems, `the migrations of ${service} are not complete`);
  return migrations.filter((migration) => migration !== undefined);
}

/**
 * Reads one migration; undefined when its file is missing.
 *
 * @param recorded the checksums of its folder
 */
export async function readMigration(
  service: string,
  { tag, sql, down }: MigrationFiles,
  recorded: Checksums,
): Promise<Migration | undefined> {
  const read = await readSqlFile(sql, recorded[tag]);
  return read && { service, tag, ...read, downFile: relative(process.cwd(), down) };
}

/**
 * Reads a file of SQL; undefined when there is none.
 *
 * @param path absolute path
 * @param recorded a checksum that was recorded of it: where only its line ends differ now, its text is as it was then
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

/** Waits for the disk: for files as small as these and as many, Node's thread pool takes several times as long. */
function bytesOf(path: string, shown: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new FleetError("journal", `${shown} cannot be read: ${message}`, {
      where: shown,
      remedy: "Look at the file and at who may read it.",
      cause: error,
    });
  }
}

/** The file that says which migrations a folder has, as shown to people. */
export function migrationListPath({
  path,
  layout,
}: Pick<MigrationsFolder, "path" | "layout">): string {
  return relative(process.cwd(), layout === "journal" ? journalPath(path) : path);
}

function missingFileError(folder: MigrationsFolder, { sql }: MigrationFiles): FleetError {
  const file = relative(process.cwd(), sql);
  const listed =
    folder.layout === "journal" ? "though the journal lists it" : "though its folder is there";
  return new FleetError("journal", `${file} is missing, ${listed}`, {
    where: migrationListPath(folder),
    remedy:
      "Restore the file from version control, or take the entry out if it was never released.",
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
          "Give each migration one entry; after a merge, keep both migrations under different tags.",
      }),
  );
}

function noMigrationsError(service: string, path: string): FleetError {
  const shown = relative(process.cwd(), journalPath(path));
  return new FleetError("journal", `service ${service} has no journal: ${shown} is missing`, {
    where: shown,
    remedy: `Make the first migration: drizzle-fleet generate ${service} --name init. Or correct "out" in the configuration.`,
  });
}
