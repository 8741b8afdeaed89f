import { relative } from "node:path";
import type { Down } from "../core/down.ts";
import { FleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import type { Checksums } from "./checksums.ts";
import { readDown } from "./downs.ts";
import type { MigrationsFolder } from "./folder.ts";
import { isChecksumOfMigration } from "./line-ends.ts";
import { migrationListPath, readMigration } from "./read-migrations.ts";

/** A migration with its down, if it has one. */
export interface ReadFiles {
  readonly migration: Migration;
  readonly down: Down | undefined;
}

/** Reads the SQL of a folder, in its order; undefined where a migration's file is missing. */
export function readSqlFiles(
  service: string,
  folder: MigrationsFolder,
  recorded: Checksums,
): Promise<(ReadFiles | undefined)[]> {
  return Promise.all(
    folder.migrations.map(async (files) => {
      const migration = await readMigration(service, files, recorded);
      return migration && { migration, down: await readDown(migration) };
    }),
  );
}

/** What to do about a fault that may be new, or as old as the migration: it can have been released like this. */
export function acceptRemedy(service: string, otherwise: string): string {
  return `${otherwise} If it was released this way: drizzle-fleet check ${service} --accept "<reason>"`;
}

/** What is wrong with the SQL files, as files: missing, edited, without a down. */
export function inspectFiles(
  service: string,
  folder: MigrationsFolder,
  files: readonly (ReadFiles | undefined)[],
  recorded: Checksums,
): FleetError[] {
  const problems = files.flatMap((read, index) => {
    if (read === undefined) return missingFileError(folder, folder.migrations[index]?.sql ?? "");
    return [...editedErrors(service, read, recorded), ...downErrors(service, read)];
  });
  const tags = new Set(folder.migrations.map(({ tag }) => tag));
  for (const [tag, checksum] of Object.entries(recorded)) {
    // A folder that was converted has the same files under other names.
    if (
      tags.has(tag) ||
      files.some((read) => read && isChecksumOfMigration(read.migration, checksum))
    )
      continue;
    const message = `${tag} was generated, but its files are missing`;
    const remedy =
      "Restore its files from version control. If it has not been applied anywhere, remove its line from checksums.json instead.";
    problems.push(new FleetError("journal", message, { where: migrationListPath(folder), remedy }));
  }
  return problems;
}

function editedErrors(
  service: string,
  { migration: { tag, checksum, file: where } }: ReadFiles,
  recorded: Checksums,
): FleetError[] {
  const own = recorded[tag];
  if (own === undefined || own === checksum) return [];
  return [
    new FleetError("edited", `${tag} was edited since it was generated`, {
      where,
      remedy: `If it has been applied anywhere, restore the file and make a new migration. If not: drizzle-fleet generate ${service} --accept`,
    }),
  ];
}

function downErrors(service: string, { migration, down }: ReadFiles): FleetError[] {
  const { tag, file } = migration;
  if (down === undefined)
    return [
      new FleetError("down", `${tag} has no down`, {
        where: file,
        remedy: acceptRemedy(service, `Run: drizzle-fleet generate ${service} --down.`),
        identity: { kind: "no-down", of: tag },
      }),
    ];
  const { empty, irreversible, nothing, dataLoss } = down;
  if (!empty || irreversible !== undefined || nothing !== undefined || dataLoss.length > 0)
    return [];
  return [
    new FleetError("down", `the down of ${tag} is empty`, {
      where: down.file,
      remedy: acceptRemedy(
        service,
        "Write the SQL that takes the migration back; if that is impossible, the line: -- drizzle-fleet: irreversible <why>; if there is nothing to take back, the line: -- drizzle-fleet: nothing <why>.",
      ),
      identity: { kind: "empty-down", of: tag },
    }),
  ];
}

function missingFileError(folder: MigrationsFolder, path: string): FleetError {
  const file = relative(process.cwd(), path);
  const though = folder.layout === "journal" ? "the journal lists it" : "its folder is there";
  return new FleetError("journal", `${file} is missing, though ${though}`, {
    where: migrationListPath(folder),
    remedy:
      "Restore the file from version control, or take its entry out if it was never released.",
  });
}
