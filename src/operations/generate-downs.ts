import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { checksumsFile } from "../autogenerate/checksums-file.ts";
import { compareSchema } from "../autogenerate/diff.ts";
import { type Context, unlessInterrupted } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { type GeneratedDown, missingDowns } from "../proof/missing-downs.ts";
import type { ProofOptions } from "../proof/scratch.ts";
import { proofOf, proofsFile } from "../source/proofs.ts";
import { readMigrations } from "../source/read-migrations.ts";
import { type NewFile, withFolderLock, writeFiles } from "../source/write-files.ts";
import { loadParser } from "../sql/parser.ts";

/**
 * Generates missing downs, such as those of migrations that drizzle-kit wrote, and records missing checksums.
 *
 * @param names services; empty for all
 * @param dryRun true: writes nothing
 * @param proof how to test them on a server
 * @returns the downs that were missing, in the order of their migrations
 * @throws FleetError `schema` if a schema file does not load; `journal` for damaged files of drizzle-kit; `write` if a
 *   file cannot be written
 * @example
 * const downs = await generateDowns(context, [], false);
 */
export async function generateDowns(
  context: Context,
  names: readonly string[],
  dryRun: boolean,
  proof: ProofOptions = {},
): Promise<GeneratedDown[]> {
  const { fleet, root } = context.config;
  await loadParser();
  const generated: GeneratedDown[] = [];
  for (const [service, config] of selectServices(fleet, names)) {
    const diff = await compareSchema(service, config, root);
    if (diff.folder === undefined) continue;
    const downs = await missingDowns(context, diff, config, proof);
    generated.push(...downs);
    if (dryRun) continue;
    await unlessInterrupted(context, () => writeDowns(service, diff.path, downs));
  }
  return generated;
}

function writeDowns(service: string, path: string, downs: readonly GeneratedDown[]): Promise<void> {
  return withFolderLock(path, async () => {
    await writeFiles([
      ...downs.map(({ file, text }) => ({ path: resolve(file), text, replaces: false })),
      await checksumsFile(path, {}),
      ...(await proofsOf(path, service, downs)),
    ]);
    for (const { moved } of downs) if (moved !== undefined) await rm(moved);
  });
}

/** The proofs of downs that were tried successfully; no file if there are none. */
async function proofsOf(
  path: string,
  service: string,
  downs: readonly GeneratedDown[],
): Promise<NewFile[]> {
  const proved = new Map(
    downs.flatMap(({ tag, text, toFillIn, unfinished, unproved, moved }) =>
      toFillIn || unfinished || unproved !== undefined || moved !== undefined ? [] : [[tag, text]],
    ),
  );
  if (proved.size === 0) return [];
  const own = (await readMigrations(service, path)).flatMap(({ tag, text }) => {
    const down = proved.get(tag);
    return down === undefined ? [] : [[tag, proofOf(text, down)]];
  });
  return [await proofsFile(path, Object.fromEntries(own))];
}
