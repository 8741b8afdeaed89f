import { differenceFromSnapshot } from "../catalog/compare.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { readDown } from "../source/downs.ts";
import { divideStatements, withoutShared } from "../sql/shared-statements.ts";
import { type Bench, isCausedByRows, withScratchSchema } from "./bench.ts";
import { type AppliedMigration, checkDown } from "./check-down.ts";
import { proveHeldOrder } from "./held-order.ts";
import { differenceError, failsWithRowsError, notInSnapshotError } from "./problems.ts";
import { ScratchHistory } from "./scratch-history.ts";
import { withSharedSchemas } from "./shared-schemas.ts";
import { Trials } from "./trials.ts";

/** A service's history, and the schema that its newest snapshot describes. */
export interface HistoryToProve {
  readonly migrations: readonly Migration[];
  /** The SQL that creates the newest snapshot's objects in an empty schema; undefined if there is no snapshot. */
  readonly described?: () => Promise<readonly string[]>;
  /** The newest snapshot's file, as shown to the user. */
  readonly snapshotFile: string;
}

/** The result of a proof. */
export interface ProvedHistory {
  readonly problems: readonly FleetError[];
  /** How many migrations were reverted by their down and applied again. */
  readonly downs: number;
}

/**
 * Proves a history on a server: every migration can be applied to tables with rows; every down restores the catalog
 * before its migration, and applying the migration again gives the catalog after it; and the final schema is the one that
 * the newest snapshot describes.
 *
 * @returns the problems, and the number of downs without one; a migration that cannot be applied ends the proof
 */
export async function proveHistory(bench: Bench, history: HistoryToProve): Promise<ProvedHistory> {
  const allowance = bench.allowanceOf("snapshot");
  const described = async () => (await history.described?.()) ?? [];
  const own = {
    ...history,
    ...(history.described && {
      described: async () => withoutShared(await described(), allowance),
    }),
  };
  const proved = await withSharedSchemas(
    bench,
    history.migrations,
    async () => divideStatements(await described(), allowance).shared,
    async () => {
      const { made, ...inOrder } = await withScratchSchema(bench.session, (schema) =>
        prove(bench, own, schema),
      );
      if (made === undefined) return inOrder;
      const later = await proveHeldOrder(bench, own.migrations, made);
      return { ...inOrder, problems: [...inOrder.problems, ...later] };
    },
  );
  return isFleetError(proved) ? { problems: [proved], downs: 0 } : proved;
}

async function prove(
  bench: Bench,
  history: HistoryToProve,
  schema: string,
): Promise<ProvedHistory & { readonly made?: readonly string[] }> {
  const { migrations } = history;
  const scratch = new ScratchHistory(bench, migrations, schema);
  const { problems } = scratch;
  let downs = 0;
  let before: readonly string[] = [];
  for (const migration of migrations) {
    const failed = await scratch.apply(migration);
    if (failed !== undefined) return { problems: [...problems, failed], downs };
    const after = await scratch.facts();
    await scratch.fill();
    const result = await proveDown(scratch, migration, { before, after });
    if (result === "proved") downs += 1;
    else if (result !== "none") problems.push(result);
    before = after;
  }
  if (migrations.length > 0) problems.push(...(await snapshotProblems(bench, history, before)));
  return { problems, downs, made: before };
}

/** Proves the down of a migration that was just applied, if it has one that reverts it. */
async function proveDown(
  scratch: ScratchHistory,
  migration: Migration,
  facts: Pick<AppliedMigration, "before" | "after">,
): Promise<FleetError | "proved" | "none"> {
  const down = await readDown(migration);
  if (down === undefined || down.irreversible !== undefined) return "none";
  if (down.empty && down.dataLoss.length === 0) return "none";
  const applied = { migration, down, ...facts };
  const failed = await checkDown(scratch, applied, "withRows");
  if (failed === undefined) return "proved";
  if (!isCausedByRows(failed)) return failed;
  const withoutRows = await checkDown(scratch, applied, "empty");
  return withoutRows ?? failsWithRowsError(down, failed) ?? "proved";
}

/** Compares the schema that the history created with the one that the newest snapshot describes. */
async function snapshotProblems(
  bench: Bench,
  { snapshotFile, described }: HistoryToProve,
  made: readonly string[],
): Promise<FleetError[]> {
  const { session } = bench;
  const chunks = await described?.();
  if (chunks === undefined) return [];
  return withScratchSchema(session, async (schema) => {
    await session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
    const trials = new Trials(bench, schema);
    const { stuck } = await trials.run("up", chunks);
    if (stuck !== undefined) {
      const message = `the schema that the newest snapshot describes cannot be created: ${stuck.error.message}`;
      const remedy = "Correct the Drizzle schema, and generate a migration.";
      const excerpt = stuck.statement.text;
      return [new FleetError("proof", message, { where: snapshotFile, excerpt, remedy })];
    }
    const { missing, extra } = differenceFromSnapshot(await trials.facts(), made);
    const message = "the migrations do not create the schema that the newest snapshot describes";
    return [
      ...(missing.length === 0
        ? []
        : [differenceError(message, snapshotFile, { missing, extra: [] })]),
      ...extra.map((fact) => notInSnapshotError(fact, snapshotFile)),
    ];
  });
}
