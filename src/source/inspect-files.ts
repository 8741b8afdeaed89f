import { createHash } from "node:crypto";
import { relative } from "node:path";
import type { Down } from "../core/down.ts";
import { FleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import type { Checksums } from "./checksums.ts";
import { readDown } from "./downs.ts";
import type { MigrationsFolder } from "./folder.ts";
import { listOf, readMigration } from "./read-migrations.ts";

/** A migration with its down, if it has one. */
export interface ReadFiles {
  readonly migration: Migration;
  readonly down: Down | undefined;
}

/** Reads the SQL of a folder, in its order; undefined where a migration's file is missing. */
export function readFiles(
  service: string,
  folder: MigrationsFolder,
): Promise<(ReadFiles | undefined)[]> {
  return Promise.all(
    folder.migrations.map(async (files) => {
      const migration = await readMigration(service, files);
      return migration && { migration, down: await readDown(migration) };
    }),
  );
}

export const restore =
  "Restore drizzle-kit's files from version control; nobody edits them by hand.";

/** What is wrong with the SQL files, as files: missing, edited, without a way back. */
export function inspectFiles(
  service: string,
  folder: MigrationsFolder,
  files: readonly (ReadFiles | undefined)[],
  recorded: Checksums,
): FleetError[] {
  const problems = files.flatMap((read, index) => {
    if (read === undefined) return missing(folder, folder.migrations[index]?.sql ?? "");
    return [...edited(service, read.migration, recorded), ...wayBack(service, read)];
  });
  const tags = new Set(folder.migrations.map(({ tag }) => tag));
  const checksums = new Set(files.map((read) => read?.migration.checksum));
  for (const [tag, checksum] of Object.entries(recorded)) {
    // A folder that was converted has the same files under other names.
    if (tags.has(tag) || checksums.has(checksum)) continue;
    const message = `${tag} was generated, and is not there any more`;
    problems.push(new FleetError("journal", message, { where: listOf(folder), remedy: restore }));
  }
  return problems;
}

function edited(
  service: string,
  { tag, checksum, file: where, text }: Migration,
  recorded: Checksums,
): FleetError[] {
  const own = recorded[tag];
  if (own === undefined || own === checksum) return [];
  const plain = createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex");
  if (own === plain)
    return [
      new FleetError("edited", `${tag} has other line ends than it was generated with`, {
        where,
        remedy:
          "Keep git from changing them: write *.sql -text into .gitattributes, and check the file out again.",
      }),
    ];
  return [
    new FleetError("edited", `${tag} was edited since it was generated`, {
      where,
      remedy: `If something has applied it, restore the file and make a new migration. If nothing has: drizzle-fleet generate ${service} --accept`,
    }),
  ];
}

function wayBack(service: string, { migration, down }: ReadFiles): FleetError[] {
  const { tag, file } = migration;
  if (down === undefined)
    return [
      new FleetError("down", `${tag} has no down`, {
        where: file,
        remedy: `Run: drizzle-fleet generate ${service} --down`,
      }),
    ];
  const { empty, irreversible, nothing, dataLoss } = down;
  if (!empty || irreversible !== undefined || nothing !== undefined || dataLoss.length > 0)
    return [];
  return [
    new FleetError("down", `the down of ${tag} is empty`, {
      where: down.file,
      remedy:
        "Write the SQL that takes the migration back; or, if nothing can, a line: -- drizzle-fleet: irreversible <why>; or, if there is nothing to take back: -- drizzle-fleet: nothing <why>",
    }),
  ];
}

function missing(folder: MigrationsFolder, path: string): FleetError {
  const file = relative(process.cwd(), path);
  const though = folder.layout === "journal" ? "the journal lists it" : "its folder is there";
  return new FleetError("journal", `${file} is missing, though ${though}`, {
    where: listOf(folder),
    remedy:
      "Restore the file from version control, or take its entry out if it was never released.",
  });
}
