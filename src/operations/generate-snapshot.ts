import { relative } from "node:path";
import { undecided } from "../autogenerate/decisions.ts";
import { compareSchema, type SchemaDiff, sqlOf } from "../autogenerate/diff.ts";
import { FleetError } from "../core/errors.ts";
import { type Context, unlessInterrupted } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { readSnapshots } from "../source/stored-snapshot.ts";
import { type NewFile, withFolderLock, writeFiles } from "../source/write-files.ts";
import { loadParser } from "../sql/parser.ts";

/** A snapshot that was missing, and how it differs from the one before it. */
export interface GeneratedSnapshot {
  readonly service: string;
  readonly tag: string;
  /** As shown to the user. */
  readonly file: string;
  /** The SQL of the difference. It does not run anywhere: the migration already does it. */
  readonly sql: readonly string[];
}

/**
 * Generates the missing snapshot of a newest migration that was written by hand, from the current Drizzle schema. The
 * schema must already describe the migration's changes. Without the snapshot, the next migration would repeat them.
 *
 * @param names services; empty for all
 * @param dryRun true: writes nothing
 * @returns one entry for each service whose newest migration had no snapshot
 */
export async function generateSnapshots(
  context: Context,
  names: readonly string[],
  dryRun: boolean,
): Promise<GeneratedSnapshot[]> {
  const { fleet, root } = context.config;
  await loadParser();
  const made: { diff: SchemaDiff; snapshot: GeneratedSnapshot; file: NewFile }[] = [];
  for (const [service, config] of selectServices(fleet, names)) {
    const diff = await compareSchema(service, config, root);
    const newest = diff.folder?.migrations.at(-1);
    if (diff.folder === undefined || newest === undefined) continue;
    if ((await readSnapshots(diff.folder)).at(-1) !== undefined) continue;
    const sql = await sqlOf(diff, undecided);
    const shown = relative(process.cwd(), newest.snapshot);
    const snapshot = { service, tag: newest.tag, file: shown, sql };
    const text = await textOf(diff, sql.length > 0);
    made.push({ diff, snapshot, file: { path: newest.snapshot, text, replaces: false } });
  }
  if (!dryRun)
    await unlessInterrupted(context, async () => {
      for (const { diff, file } of made) await withFolderLock(diff.path, () => writeFiles([file]));
    });
  return made.map(({ snapshot }) => snapshot);
}

/** The snapshot that a new migration would get. */
async function textOf(diff: SchemaDiff, isChanged: boolean): Promise<string> {
  const { kit, path, folder, previous } = diff;
  const { list } = await kit.draft({
    ...{ path, folder, name: "snapshot", previous },
    current: isChanged ? diff.current : undefined,
    decisions: undecided,
    prefix: undefined,
  });
  const [snapshot] = list;
  if (snapshot === undefined) throw new FleetError("schema", "drizzle-kit wrote no snapshot");
  return snapshot.text;
}
