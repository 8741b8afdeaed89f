import { packageVersion } from "../config/version.ts";
import { type FleetError, throwProblems } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Plan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { type History, historyOf, planTarget } from "../plan/build.ts";
import { ensureExtensions } from "../postgres/extensions.ts";
import { type Session, withSession } from "../postgres/session.ts";
import { runPlan } from "../rollout/fleet.ts";
import type { Script } from "../rollout/run.ts";
import type { Selection } from "../tenants/targets.ts";
import { type Context, type OpenDatabases, selectTargets, withDatabases } from "./context.ts";
import { planFleet, readHistories } from "./plan-fleet.ts";
import { allowanceOf, schemasBehind, selectServices } from "./services.ts";

export interface MigrateResult {
  readonly plan: Plan;
  readonly outcomes: readonly Outcome[];
}

/**
 * Brings the selected targets to head.
 *
 * @param observe sees every event of the rollout
 * @throws FleetError before anything is applied: for the selection, the configuration, the migrations on disk,
 *   their SQL, or a database that cannot be reached. What a single target does is an outcome, never an error.
 */
export async function migrate(
  context: Context,
  selection: Selection,
  observe: Observer,
): Promise<MigrateResult> {
  const targets = selectTargets(context, selection);
  const histories = await readHistories(context, targets);
  const databases = [...new Set(targets.map(({ database }) => database))];
  return withDatabases(context, databases, async (open) => {
    const plan = await planFleet(context, targets, histories, open);
    const outcomes = await rollOut(context, plan, histories, open, observe);
    return { plan, outcomes };
  });
}

async function rollOut(
  context: Context,
  plan: Plan,
  histories: ReadonlyMap<string, History>,
  open: OpenDatabases,
  observe: Observer,
): Promise<Outcome[]> {
  const { fleet } = context.config;
  const scripts = await readScripts(context, plan, histories);
  await createExtensions(context, scripts, open);
  return runPlan(plan, {
    addressOf: open.addressOf,
    connect: { waitMs: fleet.connectTimeout, signal: context.signal },
    concurrency: fleet.concurrency,
    timeouts: fleet.timeouts,
    by: `drizzle-fleet ${packageVersion()}`,
    scriptOf: (service, tag) => scripts.byKey.get(scriptKey(service, tag)),
    replan: (session, target) => replan(session, target, histories),
    observe,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
}

/** The migrations that some target misses, and the extensions they need, by service. */
interface Scripts {
  readonly byKey: ReadonlyMap<string, Script>;
  readonly extensions: ReadonlyMap<string, readonly string[]>;
}

/**
 * Parses every migration that some target misses, once for the whole fleet, and refuses all that leaves a
 * tenant before the first target is touched.
 */
async function readScripts(
  context: Context,
  plan: Plan,
  histories: ReadonlyMap<string, History>,
): Promise<Scripts> {
  const wanted = new Set(
    plan.waves
      .flat()
      .flatMap(({ target, steps }) => steps.map(({ tag }) => scriptKey(target.service, tag))),
  );
  const byKey = new Map<string, Script>();
  const extensions = new Map<string, string[]>();
  if (wanted.size === 0) return { byKey, extensions };
  const { loadParser } = await import("../sql/parser.ts");
  const { readStatements } = await import("../sql/read-statements.ts");
  await loadParser();
  const problems: FleetError[] = [];
  for (const [service, config] of selectServices(context.config.fleet, [...histories.keys()])) {
    const migrations = histories.get(service)?.migrations ?? [];
    for (const migration of migrations.filter(({ tag }) => wanted.has(scriptKey(service, tag)))) {
      const read = readStatements(
        migration.file,
        migration.text,
        allowanceOf(config, migration.tag),
        problems,
      );
      const script = {
        migration,
        statements: read.statements,
        sharedSchemas: schemasBehind(config),
      };
      byKey.set(scriptKey(service, migration.tag), script);
      extensions.set(service, [...(extensions.get(service) ?? []), ...read.extensions]);
    }
  }
  throwProblems(problems, "some migrations cannot be applied to a tenant");
  return { byKey, extensions };
}

/** Extensions belong to the database: they are made once, before its first target. */
async function createExtensions(
  context: Context,
  { extensions }: Scripts,
  open: OpenDatabases,
): Promise<void> {
  const connect = { waitMs: context.config.fleet.connectTimeout, signal: context.signal };
  for (const [service, names] of extensions) {
    const config = context.config.fleet.services[service];
    if (names.length === 0 || config?.extensionSchema === undefined) continue;
    const { extensionSchema } = config;
    await withSession(open.addressOf(config.database), connect, (session) =>
      ensureExtensions(session, extensionSchema, names),
    );
  }
}

async function replan(session: Session, target: Target, histories: ReadonlyMap<string, History>) {
  const history = histories.get(target.service) ?? historyOf([]);
  const states = await readLedgers(session, [target.schema], history.known);
  return planTarget(target, history, states.get(target.schema) ?? { kind: "noSchema" });
}

function scriptKey(service: string, tag: string): string {
  return JSON.stringify([service, tag]);
}
