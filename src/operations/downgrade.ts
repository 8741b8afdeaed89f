import { FleetError } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import { commandText } from "../fleet/command.ts";
import type { Context } from "../fleet/context.ts";
import { withoutForbidden } from "../fleet/forbidden.ts";
import {
  choicesOf,
  goalFor,
  type Left,
  leftBy,
  type Planned,
  poolerError,
  type RolloutRequest,
  selectionFor,
  withPlan,
} from "../fleet/planning.ts";
import { type PreparedRollout, type RolledOut, refusePooled, rollOut } from "../fleet/roll-out.ts";
import { readDownScripts } from "../fleet/scripts.ts";
import type { Destination } from "../fleet/unfinished.ts";
import type { Planner } from "../plan/build.ts";
import { type DowngradeGoal, goalOf, planTargetDowngrade } from "../plan/downgrade.ts";

/** What to take back, and how. */
export interface DowngradeRequest extends RolloutRequest {
  readonly goal: DowngradeGoal;
  /** Consent to downs that cannot bring everything back. */
  readonly allowDataLoss?: boolean;
}

export interface DowngradeResult extends RolledOut {
  /** Where the targets were to go: the goal of another attempt. So many back only where there was nothing to do. */
  readonly goal: DowngradeGoal;
  /** The command that finishes what is left, see `commandText`. */
  readonly again: string;
  /** After a run of only what failed: what else is not where it would be after a run of all. */
  readonly left?: Left;
}

/**
 * Takes migrations back on the selected targets, the newest one first: each with its ledger entry, in the same
 * transaction.
 *
 * @param observe sees every event of the rollout
 * @throws FleetError before anything is changed: as `migrate` does, and `down` for migrations without a way back
 */
export async function downgrade(
  context: Context,
  request: DowngradeRequest,
  observe: Observer,
): Promise<DowngradeResult> {
  return withBack(context, request, true, async (planned, goal, scriptOf) => {
    const { plan, fleet, histories, open } = planned;
    const course = courseOf(context, { ...request, goal });
    const prepared: PreparedRollout = {
      verb: "downgrade",
      selection: { ...selectionFor(context, request), goal },
      goal: goalFor(planned, course),
      sessions: planned.sessions,
      plan,
      planOne: (target, history, state) => planTargetDowngrade(target, history, state, goal),
      histories,
      databases: fleet.databases,
      scriptOf,
    };
    const choices = choicesOf(context, request, plan);
    const result = await rollOut(context, prepared, open, choices, observe);
    const kept = result.unkept.length === 0;
    const again = kept ? commandOf(context, { ...request, goal }, ["--failed"]) : course.command;
    const left = leftBy(request, planned, result.outcomes, course);
    return { plan, goal, ...result, again, ...left };
  });
}

/** What a downgrade would do. */
export interface DowngradePlan {
  readonly plan: Plan;
  /** The tables and columns that go, with all that was written to them since, by migration. */
  readonly drops: readonly {
    readonly service: string;
    readonly tag: string;
    readonly what: string;
  }[];
}

/** Says what `downgrade` would do. Changes nothing. */
export function planDowngrade(context: Context, request: DowngradeRequest): Promise<DowngradePlan> {
  return withBack(context, request, false, async ({ plan }, _goal, scriptOf) => {
    const { changesOf } = await import("../sql/changes.ts");
    const steps = targetsOf(plan).flatMap((one) =>
      one.steps.map(({ tag }) => [one.target.service, tag] as const),
    );
    const unique = [...new Map(steps.map((step) => [JSON.stringify(step), step])).values()];
    const drops = unique.flatMap(([service, tag]) => {
      const migration = scriptOf(service, tag)?.migration;
      const lost = migration === undefined ? [] : changesOf(migration.file, migration.text).lost;
      return lost.map((what) => ({ service, tag, what }));
    });
    return { plan, drops };
  });
}

async function withBack<Result>(
  context: Context,
  request: DowngradeRequest,
  certain: boolean,
  use: (
    planned: Planned,
    goal: DowngradeGoal,
    scriptOf: PreparedRollout["scriptOf"],
  ) => Promise<Result>,
): Promise<Result> {
  refuseAllServices(context, request);
  refuseCountOfFailed(request);
  const course = courseOf(context, request);
  const planOne = plannerFor(request);
  const planning = { request, planOne, certain, tag: tagOf(request), course };
  return withPlan(context, planning, async (planned) => {
    const { plan, histories, fleet } = planned;
    const goal = fixedGoal(request, planned);
    const consent = request.allowDataLoss === true;
    const scriptOf = await readDownScripts(context, plan, histories, consent);
    refusePooled(plan, fleet.databases, scriptOf, poolerError);
    const allowed = withoutForbidden(plan, fleet.databases, scriptOf);
    return use({ ...planned, plan: allowed }, goal, scriptOf);
  });
}

function courseOf(context: Context, request: DowngradeRequest): Destination {
  const same = JSON.stringify(request.goal);
  return {
    direction: "down",
    endIn: () => endOf(request.goal),
    endAsked: ({ goal }) => endOf(goal),
    isSame: ({ goal }) => JSON.stringify(goal) === same,
    command: commandOf(context, request, []),
  };
}

/** The newest migration that stays, of a goal as it is kept; so many back says nothing once it has begun. */
function endOf(goal: unknown): string | null | undefined {
  if (typeof goal !== "object" || goal === null) return undefined;
  if ("base" in goal) return null;
  return "tag" in goal && typeof goal.tag === "string" ? goal.tag : undefined;
}

/** The command that asks for the same as a request. */
function commandOf(context: Context, request: DowngradeRequest, more: readonly string[]): string {
  const { goal } = request;
  const to = "tag" in goal ? goal.tag : "base" in goal ? "base" : `-${goal.count}`;
  const consent = request.allowDataLoss === true ? ["--allow-data-loss"] : [];
  return commandText(context, ["downgrade", to, ...consent, ...more], request);
}

/** The migration that a request names, if any. */
export function tagOf({ goal }: DowngradeRequest): string | undefined {
  return "tag" in goal ? goal.tag : undefined;
}

/** How `downgrade` plans a target. */
export function plannerFor({ goal }: DowngradeRequest): Planner {
  return (target, history, state) => planTargetDowngrade(target, history, state, goal);
}

/**
 * Where the rollout goes, in words that stay true while it is carried out: "one back", asked again after a lost answer
 * or by the next command, would be one more.
 */
function fixedGoal({ goal }: DowngradeRequest, { plan, histories }: Planned): DowngradeGoal {
  if (!("count" in goal)) return goal;
  const goals = new Map(
    targetsOf(plan).flatMap((one) => {
      const history = histories.get(one.target.service);
      const own = history && goalOf(one, history);
      return own === undefined ? [] : [[JSON.stringify(own), own]];
    }),
  );
  const [only, ...others] = goals.values();
  if (others.length === 0) return only ?? goal;
  throw new FleetError(
    "usage",
    `the targets stand at different migrations: -${goal.count} would lead each elsewhere`,
    {
      remedy:
        "Name the migration that stays the newest one; drizzle-fleet history shows who is where. Nothing was changed.",
    },
  );
}

/** What failed may have gone a part of the way: so many back from there would be too many. */
function refuseCountOfFailed({ goal, failed }: DowngradeRequest): void {
  if (failed !== true || !("count" in goal)) return;
  throw new FleetError("usage", "--failed goes to a migration, and not so many back", {
    remedy:
      "Name the one that stays: some of these targets may have taken back others before they failed. Nothing was changed.",
  });
}

/**
 * "One back" means nothing over several histories: whoever goes back says where.
 *
 * @throws FleetError `usage`
 */
export function refuseAllServices({ config }: Context, { services = [] }: DowngradeRequest): void {
  const all = Object.keys(config.fleet.services);
  if (services.length > 0 || all.length < 2) return;
  throw new FleetError("usage", "downgrade needs to know the service", {
    remedy: `Choose with --service: ${all.join(", ")}. Nothing was changed.`,
  });
}
