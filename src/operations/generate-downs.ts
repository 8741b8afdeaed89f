import { rm } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { undecided } from "../autogenerate/decisions.ts";
import { compareSchema, type SchemaDiff } from "../autogenerate/diff.ts";
import { downText, type Reverse, reverseOf } from "../autogenerate/down.ts";
import { checksumsFile } from "../autogenerate/write.ts";
import type { ServiceConfig } from "../config/schema.ts";
import type { Finding } from "../core/finding.ts";
import type { Migration } from "../core/migration.ts";
import { type Context, migrationsFolder, unlessInterrupted } from "../fleet/context.ts";
import { allowanceOf, selectServices } from "../fleet/services.ts";
import { notesOf, remarksOf } from "../proof/draft-sql.ts";
import { tryDowns } from "../proof/history.ts";
import { proveHistories } from "../proof/prove-services.ts";
import { benchOf, onServer, type ProofOptions } from "../proof/scratch.ts";
import type { Direct } from "../proof/trials.ts";
import { type Checksums, readChecksums } from "../source/checksums.ts";
import { readDown } from "../source/downs.ts";
import { isChecksumOfMigration } from "../source/line-ends.ts";
import { proofOf, proofsFile, readProofs } from "../source/proofs.ts";
import { readMigrations, readSqlFile } from "../source/read-migrations.ts";
import { followsNearest, readSnapshots } from "../source/stored-snapshot.ts";
import { type NewFile, withFolderLock, writeFiles } from "../source/write-files.ts";
import { loadParser } from "../sql/parser.ts";
import { divideStatements } from "../sql/shared-statements.ts";

/** A down that was missing. */
export interface GeneratedDown {
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  readonly text: string;
  /** True when a person has to write it: the snapshots do not show what the migration changed. */
  readonly toFillIn: boolean;
  /** What its author should know: what depends on rows, or is left to finish. */
  readonly notes: readonly string[];
  /** True when it does not run, or does not lead back. */
  readonly unfinished: boolean;
  /** Why it was not tried on a server; undefined when it was, or holds no SQL yet. */
  readonly unproved: string | undefined;
  /** Where it was before drizzle-kit converted the folder: it leaves downs behind. */
  readonly moved?: string;
}

/**
 * Makes the downs that are missing, as for migrations of plain drizzle-kit, and records what is unrecorded.
 *
 * @param dryRun true: writes nothing
 * @param proof how they are tried on a server
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

async function missingDowns(
  context: Context,
  { service, path, kit, folder }: SchemaDiff,
  config: ServiceConfig,
  proof: ProofOptions,
): Promise<GeneratedDown[]> {
  if (folder === undefined) return [];
  const former: GeneratedDown[] = [];
  const made: { migration: Migration; reverse: Reverse }[] = [];
  const stored = await readSnapshots(folder);
  const recorded = await readChecksums(path);
  const migrations = await readMigrations(service, path);
  for (const [index, migration] of migrations.entries()) {
    if ((await readDown(migration)) !== undefined) continue;
    const found = await formerDown(path, migration, recorded);
    if (found !== undefined) {
      const { tag } = migration;
      former.push({
        service,
        tag,
        toFillIn: false,
        notes: [],
        unfinished: false,
        unproved: undefined,
        ...found,
      });
      continue;
    }
    if (!followsNearest(folder, stored, index)) {
      made.push({ migration, reverse: { remarks: [], statements: [] } });
      continue;
    }
    const [before, after] = [await kit.before(folder, index), await kit.at(folder, index)];
    const reverse = await reverseOf(kit, before, after, migration);
    const { rest } = divideStatements(
      reverse.statements,
      allowanceOf(config, migration.tag, { changedOutside: [] }),
    );
    made.push({ migration, reverse: { ...reverse, statements: rest } });
  }
  const missing = new Map(
    made.flatMap(({ migration: { tag, downFile }, reverse: { statements } }) =>
      statements.length === 0 ? [] : [[tag, { file: downFile, statements }] as const],
    ),
  );
  const tried = await onServer(context, missing.size > 0, proof, (session) =>
    tryDowns(benchOf(context, session, service, config), migrations, missing, async () =>
      kit.diff(await kit.at(undefined, -1), await kit.at(folder, migrations.length - 1), undecided),
    ),
  );
  const downs = made.map(({ migration, reverse }) => downOf(migration, reverse, tried));
  const order = migrations.map(({ tag }) => tag);
  return [...former, ...downs].sort(
    (left, right) => order.indexOf(left.tag) - order.indexOf(right.tag),
  );
}

/** What was tried and held is recorded, where anything is recorded at all. */
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

function downOf(
  { service, tag, file, downFile }: Migration,
  { statements, remarks }: Reverse,
  tried: ReadonlyMap<string, Direct> | string,
): GeneratedDown {
  const direct = typeof tried === "string" ? undefined : tried.get(tag);
  const unproved = typeof tried === "string" ? tried : "a migration before it does not apply here";
  const toFillIn = statements.length === 0;
  const text = downText(file, {
    remarks: [...(direct === undefined ? [] : remarksOf(direct)), ...remarks],
    statements: direct?.statements ?? statements,
  });
  return {
    service,
    tag,
    file: downFile,
    text,
    toFillIn,
    notes: direct === undefined ? [] : notesOf("the down", direct),
    unfinished: direct?.unfinished !== undefined,
    unproved: direct === undefined && !toFillIn ? unproved : undefined,
  };
}

/** A converted migration keeps its text: its checksum says which tag, and so which down, it had before. */
async function formerDown(
  path: string,
  migration: Migration,
  recorded: Checksums,
): Promise<Pick<GeneratedDown, "file" | "text" | "moved"> | undefined> {
  const { tag, downFile } = migration;
  for (const [former, checksum] of Object.entries(recorded)) {
    if (former === tag || !isChecksumOfMigration(migration, checksum)) continue;
    const moved = join(path, `${former}.down.sql`);
    const read = await readSqlFile(moved);
    if (read !== undefined) return { file: downFile, text: read.text, moved };
  }
  return undefined;
}

/** What was proved and recorded of a service. */
export interface Proved {
  readonly service: string;
  readonly findings: readonly Finding[];
  /** The migrations that are recorded as proved now and were not before. */
  readonly recorded: readonly string[];
}

/**
 * Proves whole histories, as `check --database` does, and records those that hold: for migrations that were written by
 * hand, or finished by a person.
 */
export async function proveAndRecord(
  context: Context,
  names: readonly string[],
  url: string | undefined,
): Promise<Proved[]> {
  const findings = await proveHistories(context, names, url);
  const proved: Proved[] = [];
  for (const [service] of selectServices(context.config.fleet, names)) {
    const own = findings.filter((finding) => finding.service === service);
    proved.push({
      service,
      findings: own,
      recorded: own.length > 0 ? [] : await record(context, service),
    });
  }
  return proved;
}

async function record(context: Context, service: string): Promise<string[]> {
  const path = migrationsFolder(context, service);
  const write = async () => {
    const before = await readProofs(path);
    const proofs: Record<string, string> = {};
    for (const migration of await readMigrations(service, path)) {
      const down = await readDown(migration);
      if (down !== undefined) proofs[migration.tag] = proofOf(migration.text, down.text);
    }
    await writeFiles([await proofsFile(path, proofs)]);
    return Object.keys(proofs).filter((tag) => before[tag] !== proofs[tag]);
  };
  return unlessInterrupted(context, () => withFolderLock(path, write));
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
    await withFolderLock(path, async () => {
      const file = await checksumsFile(path, own);
      await writeFiles([file]);
      accepted.push({ service, file: relative(process.cwd(), file.path) });
    });
  }
  return accepted;
}
