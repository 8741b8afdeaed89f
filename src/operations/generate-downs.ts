import { relative, resolve } from "node:path";
import { compareSchema, type SchemaDiff } from "../autogenerate/diff.ts";
import { downText, emptyDown } from "../autogenerate/down.ts";
import { checksumsFile } from "../autogenerate/write.ts";
import { readDown } from "../source/downs.ts";
import { readMigrations } from "../source/read-migrations.ts";
import { withFolder, writeFiles } from "../source/write-files.ts";
import { loadParser } from "../sql/parser.ts";
import { type Context, migrationsFolder } from "./context.ts";
import { selectServices } from "./services.ts";

/** A down that was missing. */
export interface GeneratedDown {
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  readonly text: string;
  /** True when somebody has to write it: the snapshots show no difference. */
  readonly toFillIn: boolean;
}

/**
 * Makes the downs that are missing, as for migrations of plain drizzle-kit, and records what is unrecorded.
 *
 * @param dryRun true: writes nothing
 */
export async function generateDowns(
  context: Context,
  names: readonly string[],
  dryRun: boolean,
): Promise<GeneratedDown[]> {
  const { fleet, root } = context.config;
  await loadParser();
  const generated: GeneratedDown[] = [];
  for (const [service, config] of selectServices(fleet, names)) {
    const diff = await compareSchema(service, config, root);
    if (diff.folder === undefined) continue;
    const downs = await missingDowns(diff);
    generated.push(...downs);
    if (dryRun) continue;
    await withFolder(diff.path, async () =>
      writeFiles([
        ...downs.map(({ file, text }) => ({ path: resolve(file), text, replaces: false })),
        await checksumsFile(diff.path, {}),
      ]),
    );
  }
  return generated;
}

async function missingDowns({ service, path, kit, folder }: SchemaDiff): Promise<GeneratedDown[]> {
  const downs: GeneratedDown[] = [];
  for (const [index, migration] of (await readMigrations(service, path)).entries()) {
    if ((await readDown(migration)) !== undefined) continue;
    const text = await downText(
      kit,
      await kit.at(folder, index - 1),
      await kit.at(folder, index),
      migration,
    );
    const toFillIn = text === emptyDown(migration.file);
    downs.push({ service, tag: migration.tag, file: migration.downFile, text, toFillIn });
  }
  return downs;
}

/** What `accept` recorded anew. */
export interface Accepted {
  readonly service: string;
  readonly file: string;
}

/**
 * Records every migration as it is on disk now, edited or not: right for one that nothing has applied yet.
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
    await withFolder(path, async () => {
      const file = await checksumsFile(path, own);
      await writeFiles([file]);
      accepted.push({ service, file: relative(process.cwd(), file.path) });
    });
  }
  return accepted;
}
