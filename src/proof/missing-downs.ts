import { join } from "node:path";
import { undecided } from "../autogenerate/decisions.ts";
import type { SchemaDiff } from "../autogenerate/diff.ts";
import { type DownSql, downSqlOf, downText } from "../autogenerate/down.ts";
import type { ServiceConfig } from "../config/schema.ts";
import type { Migration } from "../core/migration.ts";
import type { Context } from "../fleet/context.ts";
import { allowanceOf } from "../fleet/services.ts";
import { type Checksums, readChecksums } from "../source/checksums.ts";
import { readDown } from "../source/downs.ts";
import type { MigrationsFolder } from "../source/folder.ts";
import { isChecksumOfMigration } from "../source/line-ends.ts";
import { readMigrations, readSqlFile } from "../source/read-migrations.ts";
import { followsNearest, readSnapshots, type StoredSnapshot } from "../source/stored-snapshot.ts";
import { divideStatements } from "../sql/shared-statements.ts";
import { notesOf, remarksOf } from "./draft-sql.ts";
import { benchOf, onServer, type ProofOptions } from "./scratch.ts";
import type { TriedSql } from "./trials.ts";
import { tryDowns } from "./try-downs.ts";

/** A down that was missing. */
export interface GeneratedDown {
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  readonly text: string;
  /** True if a person has to write it: the snapshots do not show what the migration changed. */
  readonly toFillIn: boolean;
  /** Notes for the author: what depends on rows, or is unfinished. */
  readonly notes: readonly string[];
  /** True if it does not run, or does not restore the schema. */
  readonly unfinished: boolean;
  /** Why it was not tried on a server; undefined if it was, or contains no SQL yet. */
  readonly unproved: string | undefined;
  /** Its path before drizzle-kit converted the folder: the conversion leaves downs behind. */
  readonly moved?: string;
}

/** A service whose downs are made. */
interface DownsService {
  readonly context: Context;
  readonly config: ServiceConfig;
  readonly diff: SchemaDiff;
  readonly folder: MigrationsFolder;
  readonly migrations: readonly Migration[];
  readonly stored: readonly (StoredSnapshot | undefined)[];
}

/** A down that no file contains yet. */
interface MissingDown {
  readonly migration: Migration;
  readonly sql: DownSql;
}

/**
 * Prepares the missing downs of a service, and tries them on a server. The parser must be loaded.
 *
 * @returns them in the order of their migrations
 */
export async function missingDowns(
  context: Context,
  diff: SchemaDiff,
  config: ServiceConfig,
  proof: ProofOptions,
): Promise<GeneratedDown[]> {
  const { service, path, folder } = diff;
  if (folder === undefined) return [];
  const [migrations, stored] = [await readMigrations(service, path), await readSnapshots(folder)];
  const of: DownsService = { context, config, diff, folder, migrations, stored };
  const recorded = await readChecksums(path);
  const former: GeneratedDown[] = [];
  const missing: MissingDown[] = [];
  for (const migration of migrations) {
    if ((await readDown(migration)) !== undefined) continue;
    const found = await formerDown(path, migration, recorded);
    if (found !== undefined) former.push(found);
    else missing.push({ migration, sql: await sqlFor(of, migration) });
  }
  const tried = await tryMissing(of, missing, proof);
  const order = migrations.map(({ tag }) => tag);
  return [...former, ...missing.map((one) => generatedDown(one, tried))].sort(
    (left, right) => order.indexOf(left.tag) - order.indexOf(right.tag),
  );
}

/** The SQL of a down; empty if the snapshots do not show what its migration changed. */
async function sqlFor(of: DownsService, migration: Migration): Promise<DownSql> {
  const { diff, folder, migrations, stored, config } = of;
  const index = migrations.indexOf(migration);
  if (!followsNearest(folder, stored, index)) return { remarks: [], statements: [] };
  const [before, after] = [await diff.kit.before(folder, index), await diff.kit.at(folder, index)];
  const sql = await downSqlOf(diff.kit, before, after, migration);
  const { rest } = divideStatements(
    sql.statements,
    allowanceOf(config, migration.tag, { changedOutside: [] }),
  );
  return { ...sql, statements: rest };
}

/** The result of each down by its migration's tag; or the reason why none was tried. */
function tryMissing(
  { context, config, diff, folder, migrations }: DownsService,
  missing: readonly MissingDown[],
  proof: ProofOptions,
): Promise<ReadonlyMap<string, TriedSql> | string> {
  const { kit, service } = diff;
  const toTry = new Map(
    missing.flatMap(({ migration: { tag, downFile }, sql: { statements } }) =>
      statements.length === 0 ? [] : [[tag, { file: downFile, statements }] as const],
    ),
  );
  return onServer(context, toTry.size > 0, proof, (session) =>
    tryDowns(benchOf(context, session, service, config), migrations, toTry, async () =>
      kit.diff(await kit.at(undefined, -1), await kit.at(folder, migrations.length - 1), undecided),
    ),
  );
}

function generatedDown(
  { migration: { service, tag, file, downFile }, sql: { statements, remarks } }: MissingDown,
  tried: ReadonlyMap<string, TriedSql> | string,
): GeneratedDown {
  const result = typeof tried === "string" ? undefined : tried.get(tag);
  const reason = typeof tried === "string" ? tried : "an earlier migration cannot be applied here";
  const toFillIn = statements.length === 0;
  const text = downText(file, {
    remarks: [...(result === undefined ? [] : remarksOf(result)), ...remarks],
    statements: result?.statements ?? statements,
  });
  return {
    service,
    tag,
    file: downFile,
    text,
    toFillIn,
    notes: result === undefined ? [] : notesOf("the down", result),
    unfinished: result?.unfinished !== undefined,
    unproved: result === undefined && !toFillIn ? reason : undefined,
  };
}

/** The down that a converted migration had under its old tag, which its recorded checksum identifies. */
async function formerDown(
  path: string,
  migration: Migration,
  recorded: Checksums,
): Promise<GeneratedDown | undefined> {
  const { service, tag, downFile: file } = migration;
  for (const [former, checksum] of Object.entries(recorded)) {
    if (former === tag || !isChecksumOfMigration(migration, checksum)) continue;
    const moved = join(path, `${former}.down.sql`);
    const read = await readSqlFile(moved);
    if (read === undefined) continue;
    const { text } = read;
    const done = { toFillIn: false, notes: [], unfinished: false, unproved: undefined };
    return { service, tag, file, text, ...done, moved };
  }
  return undefined;
}
