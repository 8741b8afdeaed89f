import { relative } from "node:path";
import { checksumsFile } from "../autogenerate/checksums-file.ts";
import { type Context, migrationsFolder } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { readMigrations } from "../source/read-migrations.ts";
import { withFolderLock, writeFiles } from "../source/write-files.ts";

/** A service whose checksums were recorded. */
export interface Accepted {
  readonly service: string;
  /** Its `checksums.json`, as shown to the user. */
  readonly file: string;
}

/**
 * Records the current checksum of every migration, also of edited ones. Correct only if no tenant has applied the
 * edited migrations.
 *
 * @param names services; empty for all
 */
export async function acceptEdited(
  context: Context,
  names: readonly string[],
): Promise<Accepted[]> {
  const accepted: Accepted[] = [];
  for (const [service] of selectServices(context.config.fleet, names)) {
    const path = migrationsFolder(context, service);
    const migrations = await readMigrations(service, path);
    const own = Object.fromEntries(migrations.map(({ tag, checksum }) => [tag, checksum]));
    await withFolderLock(path, async () => {
      const file = await checksumsFile(path, own);
      await writeFiles([file]);
      accepted.push({ service, file: relative(process.cwd(), file.path) });
    });
  }
  return accepted;
}
