import { randomBytes } from "node:crypto";
import type { Timeouts } from "../config/schema.ts";
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
import type { DownText } from "./problems.ts";

/** A session to try a service's migrations in scratch schemas, with the service's settings. */
export interface Bench {
  readonly session: Session;
  readonly service: string;
  /** @param reverts for a down: what its migration changes outside of its schema */
  readonly allowanceOf: (tag: string, reverts?: Pick<ReadMigration, "changedOutside">) => Allowance;
  /** The schemas after the tenant's own on the search_path. */
  readonly sharedSchemas: readonly string[];
  /** Those of them that the service does not own: a proof does not change existing ones. */
  readonly foreignSchemas: readonly string[];
  readonly extensionSchema: string | undefined;
  readonly timeouts: Timeouts;
  /** The value of the ledger column for who applied a migration. */
  readonly by: string;
}

/** Gives `use` the name of a schema that does not exist yet, and always drops the schema afterwards. */
export async function withScratchSchema<Result>(
  session: Session,
  use: (schema: string) => Promise<Result>,
): Promise<Result> {
  const schema = `fleet_check_${randomBytes(4).toString("hex")}`;
  try {
    return await use(schema);
  } finally {
    if (!session.lost) await dropScratchSchema(session, schema);
  }
}

/** Drops a scratch schema with everything in it, if it exists. */
export async function dropScratchSchema(session: Session, schema: string): Promise<void> {
  await session.script("ROLLBACK");
  await session.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(schema)} CASCADE`);
}

/**
 * Applies one migration as a rollout would.
 *
 * @param migrations the service's history; a migration that it does not contain is applied as the only one
 * @returns why it cannot be applied; undefined if it was
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
  // The caller decides about the order, and about the contracts that it contains.
  const rules = { allowOutOfOrder: false, contract: "all", to: migration.tag } as const;
  const plan = planTarget(target, history, state, rules);
  const { steps, create, sealed } = plan;
  return run(bench, { target, steps, migration, create, sealed });
}

/** Reverts the newest migration as a rollout would. See `applyUp`. */
export async function applyDown(
  bench: Bench,
  schema: string,
  migrations: readonly Migration[],
  { migration, down }: { readonly migration: Migration; readonly down: DownText },
): Promise<FleetError | undefined> {
  const target = targetOf(bench, schema);
  const history = historyOf(migrations);
  const states = await readLedgers(bench.session, [schema], history.known);
  const state = states.get(schema) ?? { kind: "noSchema" };
  const { steps, sealed } = planTargetDowngrade(target, history, state, { count: 1 });
  const { file, checksum, text } = down;
  return run(bench, {
    ...{ target, steps, create: "nothing", sealed },
    migration: { ...migration, file, checksum, text },
    reverts: migration,
  });
}

function targetOf({ service }: Bench, schema: string): Target {
  return { database: "check", service, tenant: undefined, schema };
}

/** One file, and the steps that apply it. */
interface FileRun {
  readonly target: Target;
  readonly steps: readonly Step[];
  readonly migration: Migration;
  readonly create: Creation;
  readonly sealed: boolean;
  /** For a down: its migration. */
  readonly reverts?: Migration;
}

async function run(
  bench: Bench,
  { target, steps, migration, create, sealed, reverts }: FileRun,
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
      await runStep({ session, target, step, script, context: { timeouts, by }, sealed }, create);
    return undefined;
  } catch (error) {
    if (session.lost) throw error;
    return notApplicableError(error, target, script);
  }
}

/** The server's error for a migration that it refused, with the place in the file. */
function notApplicableError(error: unknown, target: Target, script: MigrationScript): FleetError {
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
      "The file must run after all earlier migrations, starting from an empty schema. Correct it if it is not applied anywhere yet.",
    cause: error,
  });
}

/** True if the server refused values in rows, or rows violated a constraint. */
export function isCausedByRows({ cause }: FleetError): boolean {
  for (let error: unknown = cause; error instanceof Error; error = error.cause) {
    const state = sqlstateOf(error);
    if (state !== undefined) return /^(?:22|23)/.test(state);
  }
  return false;
}
