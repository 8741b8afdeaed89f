import type { Timeouts } from "../config/schema.ts";
import { counted } from "../core/count.ts";
import { hasWork, isUnusable, type Plan, type TargetPlan, targetsOf } from "../core/plan.ts";
import type { PreflightObstacle, PreflightReport, RehearsalRequest } from "../core/preflight.ts";
import type { Target } from "../core/target.ts";
import { findForbidden } from "../fleet/forbidden.ts";
import type { DatabaseState, PlannedFleet } from "../fleet/plan-fleet.ts";
import { readDatabase } from "../fleet/read-database.ts";
import type { Scripts } from "../fleet/scripts.ts";
import type { Session } from "../postgres/session.ts";
import { type DatabaseFacts, readDatabaseFacts } from "./database.ts";
import { forecastTarget, forecastWave, type TargetForecast } from "./forecast.ts";
import { groupTargets, type TargetGroup } from "./groups.ts";
import { Reasons } from "./reasons.ts";
import { rehearseTargets, whyNotRehearsed } from "./rehearse.ts";
import { type AssertedTarget, refuseInterrupted, runAssertions } from "./run.ts";
import { findServerObstacles, obstacleIn } from "./server.ts";
import { keyOf } from "./statement.ts";

/** How to check. */
export interface PreflightOptions extends RehearsalRequest {
  /** Connections per database, from 1. */
  readonly concurrency: number;
  readonly timeouts: Timeouts;
  /** Called when targets were checked. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Checks which targets of a plan would fail, what is in the way, and what the plan would take. Reads only; a rehearsal
 * rolls everything back.
 *
 * @throws FleetError `interrupted`; `unreachable` if a database is lost; `syntax` for invalid assertions of the user
 */
export async function checkPlan(
  fleet: PlannedFleet,
  plan: Plan,
  scriptOf: Scripts["scriptOf"],
  options: PreflightOptions,
): Promise<PreflightReport> {
  const plans = targetsOf(plan).filter(hasWork);
  const groups = await groupTargets(fleet, plans, scriptOf);
  const reasons = new Reasons();
  addProblems(plans, reasons);
  const run: Run = { fleet, groups, reasons, options, ...progressOf(plans.length, options) };
  const parts = await Promise.all(fleet.databases.map((state) => checkDatabase(run, state)));
  const states = parts.map(({ facts }) => facts.state);
  for (const [target, problem] of findForbidden(plan, states, scriptOf))
    reasons.addProblem(target, problem);
  const rehearsed = await Promise.all(parts.map(({ facts }) => rehearse(run, facts)));
  const forecasts = new Map(parts.flatMap((part) => [...part.forecasts]));
  const waves = plan.waves.map((wave) =>
    forecastWave(
      wave,
      (target) => forecasts.get(target),
      (name) => connectionsIn(run, name),
    ),
  );
  return {
    targets: plans.length,
    failing: reasons.failing,
    obstacles: [
      ...unusable(
        fleet,
        plans.filter(isUnusable).map(({ target }) => target),
      ),
      ...parts.flatMap(({ obstacles }) => obstacles),
      ...diskObstacles(run, waves),
    ],
    waves: waves.filter(({ targets }) => targets > 0),
    unchecked: reasons.uncheckedBesides(new Set(rehearsed.flat())),
    rehearsed: options.rehearseUpTo === undefined ? null : rehearsed.flat().length,
  };
}

/** A database that cannot be used is an obstacle, and no reason of each of its targets. */
function addProblems(plans: readonly TargetPlan[], reasons: Reasons): void {
  for (const { target, problems } of plans)
    for (const problem of problems)
      if (problem.kind !== "unusable") reasons.addProblem(target, problem);
}

interface Run {
  readonly fleet: PlannedFleet;
  readonly groups: readonly TargetGroup[];
  readonly reasons: Reasons;
  readonly options: PreflightOptions;
  readonly onProgress: (targets: number) => void;
}

function progressOf(total: number, { onProgress }: PreflightOptions): Pick<Run, "onProgress"> {
  let done = 0;
  return {
    onProgress: (targets) => {
      done += targets;
      onProgress?.(done, total);
    },
  };
}

function connectionsIn({ fleet, options }: Pick<Run, "fleet" | "options">, name: string): number {
  const room = fleet.databases.find((state) => state.name === name)?.room ?? 1;
  return Math.max(1, Math.min(options.concurrency, room - 1));
}

interface CheckedDatabase {
  readonly facts: DatabaseFacts;
  readonly obstacles: readonly PreflightObstacle[];
  readonly forecasts: ReadonlyMap<Target, TargetForecast>;
}

async function checkDatabase(run: Run, state: DatabaseState): Promise<CheckedDatabase> {
  const { fleet, options } = run;
  const groups = run.groups.flatMap((group) => {
    const plans = group.plans.filter(({ target }) => target.database === state.name);
    return plans.length === 0 ? [] : { ...group, plans };
  });
  const withSession: WithSession = (use) =>
    readDatabase(fleet.context, fleet.open.addressOf(state.name), use);
  const checked = await withSession((session) => readAround(session, state, groups, options));
  addFacts(run, groups, checked.facts);
  const findings = await runAssertions(groups.flatMap(assertedTargets), {
    concurrency: connectionsIn(run, state.name),
    statementMs: options.timeouts.statement,
    lockMs: options.timeouts.lock,
    signal: fleet.context.signal,
    ...{ withSession, onProgress: run.onProgress },
  });
  for (const finding of findings) run.reasons.addFinding(finding);
  return checked;
}

type WithSession = Parameters<typeof runAssertions>[1]["withSession"];

/** Reads everything but rows: catalogs, sizes, locks, and the state of the server. */
async function readAround(
  session: Session,
  state: DatabaseState,
  groups: readonly TargetGroup[],
  { timeouts, concurrency }: PreflightOptions,
): Promise<CheckedDatabase> {
  const facts = await readDatabaseFacts(session, state, groups, timeouts.lock);
  const forecasts = forecastsOf(groups, facts);
  const demand = {
    ...{ name: state.name, concurrency, room: state.room },
    relations: Math.max(0, ...[...forecasts.values()].map((one) => one.relations)),
    isConcurrent: groups.some(({ statements }) =>
      statements.some(({ statement }) => statement.concurrently !== undefined),
    ),
  };
  const found = groups.length === 0 ? [] : await findServerObstacles(session, demand);
  return { facts, forecasts, obstacles: [...facts.holders, ...found, ...leftovers(facts)] };
}

/** Notes what the catalogs show, and what no assertion is about. */
function addFacts({ reasons }: Run, groups: readonly TargetGroup[], facts: DatabaseFacts): void {
  const targets = new Map(
    groups.flatMap(({ plans }) => plans.map(({ target }) => [target.schema, target])),
  );
  for (const one of facts.names)
    withTarget(targets, one.schema, (target) => reasons.addName(target, one));
  for (const one of facts.dependents)
    withTarget(targets, one.schema, (target) => reasons.addDependents(target, one));
  for (const { plans, asserted } of groups)
    for (const { target } of plans)
      for (const { place, reason } of asserted.unchecked) reasons.leave(target, place, reason);
}

/** A schema that does not exist yet has no rows. */
function assertedTargets({ plans, asserted, sharedSchemas }: TargetGroup): AssertedTarget[] {
  return plans.map(({ target, create }) => ({
    ...{ target, sharedSchemas },
    assertions: create === "schemaAndLedger" ? [] : asserted.assertions,
  }));
}

function withTarget(
  targets: ReadonlyMap<string, Target>,
  schema: string,
  use: (target: Target) => void,
): void {
  const target = targets.get(schema);
  if (target !== undefined) use(target);
}

function forecastsOf(
  groups: readonly TargetGroup[],
  { sizes }: DatabaseFacts,
): Map<Target, TargetForecast> {
  return new Map(
    groups.flatMap(({ plans, effects }) =>
      plans.map(({ target, steps }) => [
        target,
        forecastTarget(target, effects, steps.length, sizes),
      ]),
    ),
  );
}

/** @returns the targets that were rehearsed */
async function rehearse(run: Run, { state, sizes }: DatabaseFacts): Promise<Target[]> {
  const { groups, reasons, options, fleet } = run;
  const { rehearseUpTo, timeouts } = options;
  if (rehearseUpTo === undefined) return [];
  const failing = reasons.targets;
  const possible = groups.flatMap(({ plans, statements, sharedSchemas, locked }) => {
    const tables = [...locked.values()].map(({ table }) => keyOf(table));
    return plans.flatMap((plan) => {
      if (plan.target.database !== state.name || failing.has(plan.target)) return [];
      const one = { plan, statements, sharedSchemas };
      const reason = whyNotRehearsed(one, tables, sizes, rehearseUpTo);
      if (reason === undefined) return one;
      reasons.leave(plan.target, null, `not rehearsed: ${reason}`);
      return [];
    });
  });
  const results = await rehearseTargets(possible, {
    concurrency: connectionsIn(run, state.name),
    lockMs: timeouts.lock,
    statementMs:
      timeouts.statement === 0 ? longestStatement : Math.min(timeouts.statement, longestStatement),
    signal: fleet.context.signal,
    withSession: (use) => readDatabase(fleet.context, fleet.open.addressOf(state.name), use),
  });
  refuseInterrupted(fleet.context.signal);
  return results.flatMap(({ target, failure, unknown }) => {
    if (unknown !== undefined) reasons.leave(target, null, `not rehearsed: ${unknown}`);
    if (failure !== undefined)
      reasons.add(target, {
        place: failure.pending?.place ?? null,
        message: `the rehearsal failed: ${failure.message}`,
        remedy: "Fix the cause. Everything was rolled back.",
      });
    return unknown === undefined ? target : [];
  });
}

/** How long a statement of a rehearsal may run, in milliseconds: it holds its locks until everything is rolled back. */
const longestStatement = 5_000;

function unusable(
  { unusable: errors }: PlannedFleet,
  targets: readonly Target[],
): PreflightObstacle[] {
  return [...errors].map(([name, { message, remedy = "" }]) => {
    const count = targets.filter(({ database }) => database === name).length;
    return obstacleIn(name)(
      "error",
      "unusable",
      `${message}; ${counted(count, "target")} not checked`,
      remedy,
    );
  });
}

function leftovers({ sizes, state }: DatabaseFacts): PreflightObstacle[] {
  const make = obstacleIn(state.name);
  const invalid = sizes.all.filter(({ invalidIndexes }) => invalidIndexes > 0);
  const open = sizes.all.filter(({ unvalidated }) => unvalidated > 0);
  return [
    ...(invalid.length === 0
      ? []
      : [
          make(
            "warning",
            "leftover",
            `${counted(invalid.length, "table")} of pending migrations have an invalid index, such as ${invalid[0]?.schema}.${invalid[0]?.name}`,
            "Drop it, or build it again with REINDEX INDEX CONCURRENTLY.",
          ),
        ]),
    ...(open.length === 0
      ? []
      : [
          make(
            "warning",
            "leftover",
            `${counted(open.length, "table")} of pending migrations have a constraint that is not validated, such as ${open[0]?.schema}.${open[0]?.name}`,
            "Validate it with ALTER TABLE ... VALIDATE CONSTRAINT.",
          ),
        ]),
  ];
}

function diskObstacles(
  { fleet, options: { diskFree } }: Run,
  waves: PreflightReport["waves"],
): PreflightObstacle[] {
  const needed = Math.max(0, ...waves.map(({ diskBytes }) => diskBytes));
  const [first] = fleet.databases;
  if (diskFree === undefined || first === undefined || needed <= diskFree) return [];
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  return [
    obstacleIn(first.name)(
      "error",
      "disk",
      `the rollout may need ${megabytes(needed)} of disk space at a time, and ${megabytes(diskFree)} are free`,
      "Free up space, or run with a smaller --concurrency.",
    ),
  ];
}
