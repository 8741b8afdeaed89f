import { rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { compareSchema, type SchemaDiff } from "../autogenerate/diff.ts";
import { downText, emptyDown, reverseOf } from "../autogenerate/down.ts";
import { checksumsFile } from "../autogenerate/write.ts";
import type { Migration } from "../core/migration.ts";
import { type Checksums, readChecksums } from "../source/checksums.ts";
import { readDown } from "../source/downs.ts";
import { readChecked, readMigrations } from "../source/read-migrations.ts";
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
  /** Where it was before drizzle-kit converted the folder: it leaves downs behind. */
  readonly moved?: string;
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
    await withFolder(diff.path, async () => {
      await writeFiles([
        ...downs.map(({ file, text }) => ({ path: resolve(file), text, replaces: false })),
        await checksumsFile(diff.path, {}),
      ]);
      for (const { moved } of downs) if (moved !== undefined) await rm(moved);
    });
  }
  return generated;
}

async function missingDowns({ service, path, kit, folder }: SchemaDiff): Promise<GeneratedDown[]> {
  const downs: GeneratedDown[] = [];
  const recorded = await readChecksums(path);
  for (const [index, migration] of (await readMigrations(service, path)).entries()) {
    if ((await readDown(migration)) !== undefined) continue;
    const former = await formerDown(path, migration, recorded);
    if (former !== undefined) {
      downs.push({ service, tag: migration.tag, toFillIn: false, ...former });
      continue;
    }
    const text = downText(
      migration.file,
      await reverseOf(kit, await kit.at(folder, index - 1), await kit.at(folder, index), migration),
    );
    const toFillIn = text === emptyDown(migration.file);
    downs.push({ service, tag: migration.tag, file: migration.downFile, text, toFillIn });
  }
  return downs;
}

/** A converted migration keeps its text: its checksum says which tag, and so which down, it had before. */
async function formerDown(
  path: string,
  { tag, checksum, downFile }: Migration,
  recorded: Checksums,
): Promise<Pick<GeneratedDown, "file" | "text" | "moved"> | undefined> {
  for (const [former, own] of Object.entries(recorded)) {
    if (own !== checksum || former === tag) continue;
    const moved = join(path, `${former}.down.sql`);
    const read = await readChecked(moved);
    if (read !== undefined) return { file: downFile, text: read.text, moved };
  }
  return undefined;
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
