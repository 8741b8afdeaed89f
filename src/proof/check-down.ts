import type { FleetError } from "../core/errors.ts";
import type { Migration, Statement } from "../core/migration.ts";
import { readStatements } from "../sql/read-statements.ts";
import { applyDown, applyUp } from "./bench.ts";
import {
  type DownText,
  differentDownError,
  notReappliedError,
  refusedDownError,
} from "./problems.ts";
import { isOneTransaction, runStatements } from "./run-statements.ts";
import type { ScratchHistory } from "./scratch-history.ts";

/** A migration that was just applied, with its down and the catalogs before and after it. */
export interface AppliedMigration {
  readonly migration: Migration;
  readonly down: DownText;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/**
 * Runs a down and its migration again, compares the catalogs, and leaves the schema as it was.
 *
 * @param rows whether the tables have invented rows
 * @returns what is wrong with the down; undefined if nothing is
 */
export async function checkDown(
  scratch: ScratchHistory,
  applied: AppliedMigration,
  rows: "withRows" | "empty",
): Promise<FleetError | undefined> {
  const { migration, down } = applied;
  const { allowanceOf } = scratch.bench;
  const problems: FleetError[] = [];
  const { tag } = migration;
  const up = readStatements(migration.file, migration.text, allowanceOf(tag), problems);
  const back = readStatements(down.file, down.text, allowanceOf(tag, up), problems);
  if (problems[0] !== undefined) return problems[0];
  if (rows === "empty") await scratch.stopKeepingRows(migration, "after");
  const fills = rows === "withRows" && !scratch.keepsRows;
  const statements = { down: back.statements, up: up.statements };
  return isOneTransaction(statements.down) && isOneTransaction(statements.up)
    ? inTransaction(scratch, applied, statements, fills)
    : asRollout(scratch, applied);
}

/** Runs both files in one transaction, and rolls it back. */
async function inTransaction(
  scratch: ScratchHistory,
  applied: AppliedMigration,
  statements: Readonly<Record<"down" | "up", readonly Statement[]>>,
  fills: boolean,
): Promise<FleetError | undefined> {
  const { session } = scratch.bench;
  await session.query("BEGIN");
  try {
    if (fills) await scratch.fillNow();
    for (const direction of ["down", "up"] as const) {
      const failed = await runStatements(scratch.bench, scratch.schema, statements[direction]);
      if (failed !== undefined) return refusedDownError(applied, direction, failed);
      await session.query("SET CONSTRAINTS ALL IMMEDIATE");
      const problem = differentDownError(applied, direction, await scratch.facts());
      if (problem !== undefined) return problem;
    }
    return undefined;
  } finally {
    await session.query("ROLLBACK");
  }
}

/** Applies both files as a rollout does, for files of several transactions. */
async function asRollout(
  scratch: ScratchHistory,
  applied: AppliedMigration,
): Promise<FleetError | undefined> {
  const { migration, down } = applied;
  const { bench, schema, migrations } = scratch;
  const run = async () => {
    const failed = await applyDown(bench, schema, migrations, { migration, down });
    if (failed !== undefined) return failed;
    const reverted = differentDownError(applied, "down", await scratch.facts());
    if (reverted !== undefined) return reverted;
    const again = await applyUp(bench, schema, migrations, migration);
    if (again !== undefined) return notReappliedError(applied, again.message, again.cause);
    return differentDownError(applied, "up", await scratch.facts());
  };
  const problem = await run();
  if (problem === undefined) return undefined;
  await scratch.restart(migration, "after");
  await scratch.fill();
  return problem;
}
