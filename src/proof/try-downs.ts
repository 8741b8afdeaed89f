import { isFleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { checksumOf } from "../source/checksums.ts";
import { divideStatements } from "../sql/shared-statements.ts";
import { type Bench, withScratchSchema } from "./bench.ts";
import { type AppliedMigration, checkDown } from "./check-down.ts";
import { withPrimaryKeyNames } from "./read-draft-statements.ts";
import { ScratchHistory } from "./scratch-history.ts";
import { withSharedSchemas } from "./shared-schemas.ts";
import { Trials, type TriedSql } from "./trials.ts";

/** A down that is not written yet. */
export interface DownToTry {
  readonly file: string;
  readonly statements: readonly string[];
}

/**
 * Tries missing downs, each after its own migration, in tables with rows.
 *
 * @param missing by the tag of their migration
 * @param described gives the SQL that creates the Drizzle schema's objects from nothing
 * @returns by tag, the statements as they ran, or why they failed; nothing for migrations after one that cannot be
 *   applied. If none could be tried, the reason as a text
 */
export async function tryDowns(
  bench: Bench,
  migrations: readonly Migration[],
  missing: ReadonlyMap<string, DownToTry>,
  described: () => Promise<readonly string[]>,
): Promise<ReadonlyMap<string, TriedSql> | string> {
  const shared = async () =>
    divideStatements(await described(), bench.allowanceOf("snapshot")).shared;
  const tried = await withSharedSchemas(bench, migrations, shared, () =>
    withScratchSchema(bench.session, (schema) =>
      tryEach(new ScratchHistory(bench, migrations, schema), missing),
    ),
  );
  return isFleetError(tried) ? tried.message : tried;
}

async function tryEach(
  scratch: ScratchHistory,
  missing: ReadonlyMap<string, DownToTry>,
): Promise<Map<string, TriedSql>> {
  const tried = new Map<string, TriedSql>();
  let before: readonly string[] = [];
  for (const migration of scratch.migrations) {
    if ((await scratch.apply(migration)) !== undefined) return tried;
    const after = await scratch.facts();
    const down = missing.get(migration.tag);
    if (down !== undefined) {
      await scratch.fill();
      tried.set(migration.tag, await tryDown(scratch, migration, down, { before, after }));
    }
    before = after;
  }
  return tried;
}

async function tryDown(
  scratch: ScratchHistory,
  migration: Migration,
  { file, statements }: DownToTry,
  facts: Pick<AppliedMigration, "before" | "after">,
): Promise<TriedSql> {
  const { bench, schema } = scratch;
  const { session } = bench;
  const chunks = await withPrimaryKeyNames(session, schema, statements);
  const run = async () => {
    if (!scratch.keepsRows) await scratch.fillNow();
    return new Trials(bench, schema, true).revert(chunks, facts.before);
  };
  await session.query("BEGIN");
  const tried = await run().finally(() => session.query("ROLLBACK"));
  if (tried.unfinished !== undefined) return tried;
  const text = tried.statements.join("\n");
  const down = { file, text, checksum: checksumOf(text) };
  const rows = tried.needs.length > 0 ? "empty" : "withRows";
  const problem = await checkDown(scratch, { migration, down, ...facts }, rows);
  if (problem === undefined) return tried;
  return { ...tried, unfinished: [problem.message, problem.excerpt ?? ""].join(" ").trim() };
}
