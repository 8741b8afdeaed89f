import { relative } from "node:path";
import type { Down } from "../core/down.ts";
import { FleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import type { Checksums } from "./checksums.ts";
import { readDown } from "./downs.ts";
import type { MigrationsFolder } from "./folder.ts";
import { isChecksumOfMigration } from "./line-ends.ts";
import { migrationListPath, missingFileRemedy, readMigration } from "./read-migrations.ts";

/** A migration with its down, if it has one. */
export interface ReadFiles {
  readonly migration: Migration;
  readonly down: Down | undefined;
}

/**
 * Reads the SQL files of a folder, in order.
 *
 * @returns an item is undefined if the migration's file is missing
 */
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

/** The remedy for a fault that may have been released already: fix it, or accept it. */
export function acceptRemedy(service: string, otherwise: string): string {
  return `${otherwise} If it was released this way, run: npx drizzle-fleet check ${service} --accept "<reason>"`;
}

/** Finds SQL files that are missing, edited, or have no down. */
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
    // A folder that was converted to another layout has the same files under other names.
    if (
      tags.has(tag) ||
      files.some((read) => read && isChecksumOfMigration(read.migration, checksum))
    )
      continue;
    const message = `${tag} was generated, but its files are missing`;
    const remedy =
      "Restore its files from version control. If it was not applied anywhere, remove its line from checksums.json instead.";
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
    new FleetError("edited", `${tag} was edited after it was generated`, {
      where,
      remedy: `If it was applied anywhere, restore the file and generate a new migration. Otherwise, to accept the edit, run: npx drizzle-fleet generate ${service} --accept`,
    }),
  ];
}

function downErrors(service: string, { migration, down }: ReadFiles): FleetError[] {
  const { tag, file } = migration;
  if (down === undefined)
    return [
      new FleetError("down", `${tag} has no down`, {
        where: file,
        remedy: acceptRemedy(
          service,
          `To generate it, run: npx drizzle-fleet generate ${service} --down.`,
        ),
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
        "Write the SQL that reverts the migration. If that is impossible, add the line: -- drizzle-fleet: irreversible <reason>. If there is nothing to revert, add the line: -- drizzle-fleet: nothing <reason>.",
      ),
      identity: { kind: "empty-down", of: tag },
    }),
  ];
}

function missingFileError(folder: MigrationsFolder, path: string): FleetError {
  const file = relative(process.cwd(), path);
  const although = folder.layout === "journal" ? "the journal lists it" : "its folder exists";
  return new FleetError("journal", `${file} is missing, although ${although}`, {
    where: migrationListPath(folder),
    remedy: missingFileRemedy(folder),
  });
}
