import { checksumsPath, readChecksums } from "../source/checksums.ts";
import { readFolder } from "../source/folder.ts";
import { isChecksumOfMigration } from "../source/line-ends.ts";
import { readMigration } from "../source/read-migrations.ts";
import { recordsText } from "../source/records.ts";
import type { NewFile } from "../source/write-files.ts";

/**
 * The `checksums.json` of a migrations folder, with the checksums of all migrations that have none yet.
 *
 * @param own checksums by tag that replace recorded ones
 */
export async function checksumsFile(
  path: string,
  own: Readonly<Record<string, string>>,
): Promise<NewFile> {
  const [folder, recorded] = await Promise.all([readFolder(path), readChecksums(path)]);
  const found = await Promise.all(
    (folder?.migrations ?? []).map(async (files) => {
      return (await readMigration("", files, recorded)) ?? [];
    }),
  );
  const migrations = found.flat();
  const present = Object.fromEntries(migrations.map(({ tag, checksum }) => [tag, checksum]));
  const replacing = new Set(Object.values(own));
  const isInUse = (checksum: string) =>
    replacing.has(checksum) ||
    migrations.some((migration) => isChecksumOfMigration(migration, checksum));
  // A converted folder has the same files under new tags: the entries of the old tags are removed.
  const kept = Object.entries(recorded).filter(
    ([tag, checksum]) =>
      Object.hasOwn(present, tag) || Object.hasOwn(own, tag) || !isInUse(checksum),
  );
  const checksums = { ...present, ...Object.fromEntries(kept), ...own };
  return { path: checksumsPath(path), text: recordsText(checksums), replaces: true };
}
