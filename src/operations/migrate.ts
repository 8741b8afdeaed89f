import { packageVersion } from "../config/version.ts";
import { type FleetError, throwProblems } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Plan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { type History, historyOf, planTarget } from "../plan/build.ts";
import type { Session } from "../postgres/session.ts";
import { runPlan } from "../rollout/fleet.ts";
import type { Script } from "../rollout/step.ts";
import type { Selection } from "../tenants/targets.ts";
import { type Context, type OpenDatabases, selectTargets, withDatabases } from "./context.ts";
import { planFleet, readHistories } from "./plan-fleet.ts";

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
  return runPlan(plan, {
    addressOf: open.addressOf,
    connect: { waitMs: fleet.connectTimeout, signal: context.signal },
    concurrency: fleet.concurrency,
    timeouts: fleet.timeouts,
    by: `drizzle-fleet ${packageVersion()}`,
    scriptOf: (service, tag) => required(scripts.get(scriptKey(service, tag)), tag),
    replan: (session, target) => replan(session, target, histories),
    observe,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
}

/**
 * Parses every migration that some target misses, once for the whole fleet, and refuses all that leaves a
 * tenant before the first target is touched.
 */
async function readScripts(
  context: Context,
  plan: Plan,
  histories: ReadonlyMap<string, History>,
): Promise<Map<string, Script>> {
  const wanted = new Set(
    plan.waves
      .flat()
      .flatMap(({ target, steps }) => steps.map(({ tag }) => scriptKey(target.service, tag))),
  );
  const scripts = new Map<string, Script>();
  if (wanted.size === 0) return scripts;
  const { loadParser } = await import("../sql/parser.ts");
  const { readStatements } = await import("../sql/read-statements.ts");
  await loadParser();
  const problems: FleetError[] = [];
  for (const [service, { migrations }] of histories) {
    const sharedSchemas = context.config.fleet.services[service]?.sharedSchemas ?? [];
    for (const migration of migrations.filter(({ tag }) => wanted.has(scriptKey(service, tag)))) {
      const statements = readStatements(migration.file, migration.text, sharedSchemas, problems);
      scripts.set(scriptKey(service, migration.tag), { migration, statements, sharedSchemas });
    }
  }
  throwProblems(problems, "some migrations cannot be applied to a tenant");
  return scripts;
}

async function replan(session: Session, target: Target, histories: ReadonlyMap<string, History>) {
  const history = histories.get(target.service) ?? historyOf([]);
  const states = await readLedgers(session, [target.schema], history.known);
  return planTarget(target, history, states.get(target.schema) ?? { kind: "noSchema" });
}

function scriptKey(service: string, tag: string): string {
  return JSON.stringify([service, tag]);
}

function required(script: Script | undefined, tag: string): Script {
  if (script === undefined) throw new Error(`migration ${tag} was not read`);
  return script;
}
