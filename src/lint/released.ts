import type { Migration } from "../core/migration.ts";
import { readFolder } from "../source/folder.ts";
import { readNearest } from "../source/stored-snapshot.ts";
import { declaredIn } from "./declared.ts";
import type { DeclaredTables, LintContext } from "./rule.ts";

/**
 * What the release before a migration declares: the snapshot of the migration that tenants have already, which is the last one
 * before it that is not selected. If all were asked for, it is the one directly before it.
 *
 * @param path absolute path of the migrations folder
 * @returns undefined for snapshots of drizzle-kit 1.0, which contain only changes: the rules then use the tables themselves
 */
export async function declaredBefore(
  path: string,
  migrations: readonly Migration[],
  selected: ReadonlySet<Migration>,
): Promise<NonNullable<LintContext["declaredBefore"]>> {
  const folder = await readFolder(path);
  if (folder?.layout !== "journal") return () => undefined;
  const isAll = selected.size === migrations.length;
  const declared = new Map<Migration, DeclaredTables>();
  for (const migration of selected) {
    const index = migrations.indexOf(migration);
    const released = isAll
      ? migrations[index - 1]
      : migrations.slice(0, index).findLast((one) => !selected.has(one));
    const at = folder.migrations.findIndex(({ tag }) => tag === released?.tag);
    const snapshot = at < 0 ? undefined : await readNearest(folder, at).catch(() => undefined);
    if (snapshot !== undefined) declared.set(migration, declaredIn(snapshot));
  }
  return (migration) => declared.get(migration);
}
