import { randomBytes } from "node:crypto";
import type { Timeouts } from "../config/schema.ts";
import type { Down } from "../core/down.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import type { Creation, Step } from "../core/plan.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { planTargetDowngrade } from "../plan/downgrade.ts";
import { historyOf } from "../plan/history.ts";
import { planTarget } from "../plan/migrate.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import type { Session } from "../postgres/session.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { failureOf } from "../rollout/failure.ts";
import { runStep } from "../rollout/step.ts";
import type { MigrationScript } from "../rollout/step-run.ts";
import type { Allowance } from "../sql/allowance.ts";
import { type ReadMigration, readStatements } from "../sql/read-statements.ts";

/** Where a service's migrations are tried out: a database, in schemas that are made for it and dropped again. */
export interface Bench {
  readonly session: Session;
  readonly service: string;
  /** @param reverts for a down: what its migration made beside its schema */
  readonly allowanceOf: (tag: string, reverts?: Pick<ReadMigration, "changedOutside">) => Allowance;
  /** Schemas that follow the tenant's own on the search_path. */
  readonly sharedSchemas: readonly string[];
  /** Those of them that others fill: a proof leaves them alone. */
  readonly othersSchemas: readonly string[];
  readonly extensionSchema: string | undefined;
  readonly timeouts: Timeouts;
  /** Who applies, for the ledger. */
  readonly by: string;
}

/** Gives `use` the name of a schema that does not exist yet, and drops it afterwards whatever happens. */
export async function withScratchSchema<Result>(
  session: Session,
  use: (schema: string) => Promise<Result>,
): Promise<Result> {
  const schema = `fleet_check_${randomBytes(4).toString("hex")}`;
  try {
    return await use(schema);
  } finally {
    if (!session.lost) await dropScratch(session, schema);
  }
}

/** Drops a scratch schema with all that is in it, if it is there. */
export async function dropScratch(session: Session, schema: string): Promise<void> {
  await session.script("ROLLBACK");
  await session.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(schema)} CASCADE`);
}

/**
 * Applies one migration as a rollout would.
 *
 * @param migrations the service's history; a migration that is not in it is taken for a history of its own
 * @returns why it does not apply; undefined when it did
 */
export async function applyUp(
  bench: Bench,
  schema: string,
  migrations: readonly Migration[],
  migration: Migration,
): Promise<FleetError | undefined> {
  const target = targetOf(bench, schema);
  const history = historyOf(migrations.includes(migration) ? migrations : [migration]);
  const states = await readLedgers(bench.session, [schema], history.known);
  const state = states.get(schema) ?? { kind: "noSchema" };
  const plan = planTarget(target, history, state, { allowOutOfOrder: false, to: migration.tag });
  return run(bench, target, plan.steps, migration, plan.create);
}

/** Takes the newest migration back as a rollout would. See `applyUp`. */
export async function applyDown(
  bench: Bench,
  schema: string,
  migrations: readonly Migration[],
  migration: Migration,
  { file, checksum, text }: Pick<Down, "file" | "checksum" | "text">,
): Promise<FleetError | undefined> {
  const target = targetOf(bench, schema);
  const history = historyOf(migrations);
  const states = await readLedgers(bench.session, [schema], history.known);
  const state = states.get(schema) ?? { kind: "noSchema" };
  const { steps } = planTargetDowngrade(target, history, state, { count: 1 });
  return run(bench, target, steps, { ...migration, file, checksum, text }, "nothing", migration);
}

function targetOf({ service }: Bench, schema: string): Target {
  return { database: "check", service, tenant: undefined, schema };
}

async function run(
  bench: Bench,
  target: Target,
  steps: readonly Step[],
  migration: Migration,
  create: Creation,
  reverts?: Migration,
): Promise<FleetError | undefined> {
  const { session, sharedSchemas, extensionSchema, timeouts, by } = bench;
  const problems: FleetError[] = [];
  const { file, text, tag } = migration;
  const up = reverts && readStatements(file, reverts.text, bench.allowanceOf(tag), []);
  const allowance = bench.allowanceOf(tag, up);
  const { statements, extensions } = readStatements(file, text, allowance, problems);
  if (problems[0] !== undefined) return problems[0];
  const script: MigrationScript = { migration, statements, sharedSchemas };
  try {
    if (extensionSchema !== undefined && extensions.length > 0)
      await ensureExtensions(session, extensionSchema, extensions);
    for (const step of steps)
      await runStep({ session, target, step, script, context: { timeouts, by } }, create);
    return undefined;
  } catch (error) {
    if (session.lost) throw error;
    return unappliable(error, target, script);
  }
}

/** The server's words on a migration that it refused, at their place in the file. */
function unappliable(error: unknown, target: Target, script: MigrationScript): FleetError {
  const { file } = script.migration;
  if (isFleetError(error))
    return new FleetError("proof", error.message, {
      where: file,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      cause: error,
    });
  const context = { target, script, holders: [], cancelled: false };
  const { message, line, detail, sqlstate } = failureOf(error, context);
  const state = sqlstate === undefined ? "" : ` (SQLSTATE ${sqlstate})`;
  const more = detail === undefined ? "" : `. ${detail}`;
  return new FleetError("proof", `${message}${state}${more}`, {
    where: line === undefined ? file : `${file}:${line}`,
    remedy:
      "It must run on an empty schema with all migrations before it. Correct it if it has not been applied anywhere yet.",
    cause: error,
  });
}

/** True when values in rows were refused, or rows broke a constraint. */
export function isOfRows({ cause }: FleetError): boolean {
  for (let error: unknown = cause; error instanceof Error; error = error.cause) {
    const state = sqlstateOf(error);
    if (state !== undefined) return /^(?:22|23)/.test(state);
  }
  return false;
}
