import type { Course } from "../control/rollouts.ts";
import { FleetError } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { Planner } from "../plan/build.ts";
import { type DowngradeGoal, goalOf, planDowngrade } from "../plan/downgrade.ts";
import type { Context } from "./context.ts";
import {
  choicesOf,
  needsDirectUrl,
  type Planned,
  type RolloutRequest,
  withPlan,
} from "./planning.ts";
import { type Prepared, type RolledOut, refusePooled, rollOut } from "./roll-out.ts";
import { readDownScripts } from "./scripts.ts";

/** What to take back, and how. */
export interface DowngradeRequest extends RolloutRequest {
  readonly goal: DowngradeGoal;
  /** Consent to downs that cannot bring everything back. */
  readonly allowDataLoss?: boolean;
}

export interface DowngradeResult extends RolledOut {
  /** Where all targets were to go, if to one place: the goal of another attempt. Never so many back. */
  readonly goal?: DowngradeGoal;
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
  return withBack(context, request, true, async ({ plan, fleet, histories, open }, scriptOf) => {
    const { services, tenants, databases, failed, goal } = request;
    const goals = "count" in goal ? goalsOf(plan, histories) : new Map<Target, DowngradeGoal>();
    const prepared: Prepared = {
      verb: "downgrade",
      selection: { services, tenants, databases, goal, failed },
      plan,
      planOne: (target, history, state) =>
        planDowngrade(target, history, state, goals.get(target) ?? goal),
      histories,
      databases: fleet.databases,
      scriptOf,
    };
    const choices = choicesOf(context, request, plan);
    const result = await rollOut(context, prepared, open, choices, observe);
    return { plan, ...result, ...common("count" in goal ? [...goals.values()] : [goal]) };
  });
}

/** Says what `downgrade` would do. Changes nothing. */
export function planBack(context: Context, request: DowngradeRequest): Promise<Plan> {
  return withBack(context, request, false, async ({ plan }) => plan);
}

async function withBack<Result>(
  context: Context,
  request: DowngradeRequest,
  certain: boolean,
  use: (planned: Planned, scriptOf: Prepared["scriptOf"]) => Promise<Result>,
): Promise<Result> {
  refuseAllServices(context, request);
  refuseCountOfFailed(request);
  const { goal } = request;
  const tag = "tag" in goal ? goal.tag : undefined;
  const course: Course = { verb: "downgrade", end: { key: "goal", value: goal } };
  return withPlan(context, request, course, plannerFor(request), certain, tag, async (planned) => {
    const { plan, histories, fleet } = planned;
    const consent = request.allowDataLoss === true;
    const scriptOf = await readDownScripts(context, plan, histories, consent);
    refusePooled(plan, fleet.databases, scriptOf, needsDirectUrl);
    return use(planned, scriptOf);
  });
}

/** The migration that a request names, if any. */
export function tagOf({ goal }: DowngradeRequest): string | undefined {
  return "tag" in goal ? goal.tag : undefined;
}

/** How `downgrade` plans a target. */
export function plannerFor({ goal }: DowngradeRequest): Planner {
  return (target, history, state) => planDowngrade(target, history, state, goal);
}

/** Where "so many back" leads, for each target. */
function goalsOf(plan: Plan, histories: Planned["histories"]): Map<Target, DowngradeGoal> {
  return new Map(
    targetsOf(plan).flatMap((one) => {
      const history = histories.get(one.target.service);
      const goal = history && goalOf(one, history);
      return goal === undefined ? [] : [[one.target, goal]];
    }),
  );
}

function common(goals: readonly DowngradeGoal[]): { goal?: DowngradeGoal } {
  const [goal] = new Set(goals.map((one) => JSON.stringify(one))).size === 1 ? goals : [];
  return goal === undefined ? {} : { goal };
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
