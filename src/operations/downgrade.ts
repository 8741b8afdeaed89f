import { FleetError } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import { commandText } from "../fleet/command.ts";
import type { Context } from "../fleet/context.ts";
import { withoutForbidden } from "../fleet/forbidden.ts";
import { type Offline, writeOffline } from "../fleet/offline.ts";
import type { SelectedFleet } from "../fleet/open-fleet.ts";
import {
  goalFor,
  type Left,
  leftBy,
  type Planned,
  type Planning,
  withPlan,
} from "../fleet/planning.ts";
import { refusePooled } from "../fleet/pooler.ts";
import { type PreparedRollout, type RolledOut, rollOut } from "../fleet/roll-out.ts";
import { choicesOf, type RolloutRequest, selectionFor } from "../fleet/rollout-request.ts";
import { readDownScripts } from "../fleet/scripts.ts";
import type { Destination } from "../fleet/unfinished.ts";
import { type DowngradeGoal, goalOf, planTargetDowngrade } from "../plan/downgrade.ts";
import type { Planner } from "../plan/targets.ts";

/** What to revert, and how. */
export interface DowngradeRequest extends RolloutRequest {
  readonly goal: DowngradeGoal;
  /** Consent to downs that cannot restore all data. */
  readonly allowDataLoss?: boolean;
}

export interface DowngradeResult extends RolledOut {
  /** The goal for another attempt: a migration or base. A number only if there was nothing to do. */
  readonly goal: DowngradeGoal;
  /** The command that completes the remaining targets, ready to copy. */
  readonly again: string;
  /** After a run with `failed`: the selected targets that have still not reached their destination. */
  readonly left?: Left;
}

/**
 * Reverts migrations on the selected targets, the newest one first: each together with its ledger entry, in the same
 * transaction.
 *
 * @param observe receives every event of the rollout
 * @returns one outcome per target; the failure of a target is never thrown
 * @throws FleetError before anything is changed: as `migrate` does, and `down` for migrations that cannot be reverted
 * @example
 * const request = { services: ["auth"], tenants: [], databases: [], goal: { tag: "0002_roles" } };
 * const result = await downgrade(context, request, observe);
 */
export function downgrade(
  context: Context,
  request: DowngradeRequest,
  observe: Observer,
): Promise<DowngradeResult> {
  return withReverting(context, request, "change", async ({ planned, goal, scriptOf }) => {
    const { plan, fleet, sessions } = planned;
    const fixed = { ...request, goal };
    const destination = destinationOf(context, fixed);
    const result = await rollOut(
      {
        ...{ verb: "downgrade", fleet, sessions, plan, scriptOf },
        planOne: plannerFor(fixed),
        selection: { ...selectionFor(context, request), goal },
        goal: goalFor(planned, destination),
      },
      choicesOf(context, request, plan),
      observe,
    );
    const isRecorded = result.unkept.length === 0;
    const again = isRecorded ? commandOf(context, fixed, ["--failed"]) : destination.command;
    const left = leftBy(request, planned, result.outcomes, destination);
    return { plan, goal, ...result, again, ...left };
  });
}

/** What a downgrade would do. */
export interface DowngradePlan {
  readonly plan: Plan;
  /** The tables and columns that are dropped, with everything written to them since, by migration. */
  readonly drops: readonly {
    readonly service: string;
    readonly tag: string;
    readonly what: string;
  }[];
}

/**
 * Plans what `downgrade` would do. Changes nothing.
 *
 * @throws FleetError as `downgrade` does
 */
export function planDowngrade(context: Context, request: DowngradeRequest): Promise<DowngradePlan> {
  return withReverting(context, request, "look", async ({ planned: { plan }, scriptOf }) => {
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

/**
 * Writes what `downgrade` would send to the databases, as a script for psql. Changes nothing.
 *
 * @throws FleetError as `downgrade` does, and for targets that have a problem
 */
export async function scriptDowngrade(
  context: Context,
  request: DowngradeRequest,
  offline: Offline,
): Promise<void> {
  refuseAllServices(context, request);
  const verb = {
    ...({ name: "downgrade", planOne: plannerFor(request), tag: tagOf(request) } as const),
    readScripts: async (fleet: SelectedFleet, plan: Plan) => ({
      scriptOf: await readDownScripts(fleet, plan, request.allowDataLoss === true),
      extensions: new Map(),
    }),
  };
  await writeOffline(context, request, verb, offline);
}

interface Reverting {
  readonly planned: Planned;
  readonly goal: DowngradeGoal;
  readonly scriptOf: PreparedRollout["scriptOf"];
}

async function withReverting<Result>(
  context: Context,
  request: DowngradeRequest,
  purpose: Planning["purpose"],
  use: (reverting: Reverting) => Promise<Result>,
): Promise<Result> {
  refuseAllServices(context, request);
  refuseCountOfFailed(request);
  const planning: Planning = {
    ...{ request, purpose, planOne: plannerFor(request), tag: tagOf(request) },
    destination: destinationOf(context, request),
  };
  return withPlan(context, planning, async (planned) => {
    const { plan, fleet } = planned;
    const goal = fixedGoal(request, planned);
    const scriptOf = await readDownScripts(fleet, plan, request.allowDataLoss === true);
    refusePooled(plan, fleet.databases, scriptOf);
    const allowed = withoutForbidden(plan, fleet.databases, scriptOf);
    return use({ planned: { ...planned, plan: allowed }, goal, scriptOf });
  });
}

function destinationOf(context: Context, request: DowngradeRequest): Destination {
  const same = JSON.stringify(request.goal);
  return {
    direction: "down",
    endIn: () => endOf(request.goal),
    endAsked: ({ goal }) => endOf(goal),
    isSame: ({ goal }) => JSON.stringify(goal) === same,
    command: commandOf(context, request, []),
  };
}

/** The newest migration that a recorded goal keeps. Undefined for a number, which counts from the current state. */
function endOf(goal: unknown): string | null | undefined {
  if (typeof goal !== "object" || goal === null) return undefined;
  if ("base" in goal) return null;
  return "tag" in goal && typeof goal.tag === "string" ? goal.tag : undefined;
}

/** The command that makes the same request. */
function commandOf(context: Context, request: DowngradeRequest, more: readonly string[]): string {
  const { goal } = request;
  const to = "tag" in goal ? goal.tag : "base" in goal ? "base" : `-${goal.count}`;
  const consent = request.allowDataLoss === true ? ["--allow-data-loss"] : [];
  return commandText(context, ["downgrade", to, ...consent, ...more], request);
}

function tagOf({ goal }: DowngradeRequest): string | undefined {
  return "tag" in goal ? goal.tag : undefined;
}

function plannerFor({ goal }: DowngradeRequest): Planner {
  return (target, history, state) => planTargetDowngrade(target, history, state, goal);
}

/**
 * Turns the goal into one that stays valid while the rollout runs: `-1`, repeated after a lost answer or by the next
 * command, would revert one more migration.
 *
 * @throws FleetError `usage` if the targets would end at different migrations
 */
function fixedGoal(
  { goal }: DowngradeRequest,
  { plan, fleet: { histories } }: Planned,
): DowngradeGoal {
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
    `the targets are at different migrations, so -${goal.count} would leave them at different ones`,
    {
      remedy:
        "Nothing was changed. Name the migration to return to. To see which migration each target is at, run: npx drizzle-fleet status",
    },
  );
}

/** A failed target may have reverted some migrations already: the same number again would be too many. */
function refuseCountOfFailed({ goal, failed }: DowngradeRequest): void {
  if (failed !== true || !("count" in goal)) return;
  throw new FleetError("usage", "--failed requires a migration to return to, not a number", {
    remedy:
      "Nothing was changed. Name the migration to return to: some of these targets may have reverted migrations before they failed.",
  });
}

/** `-1` is ambiguous if there are several histories. */
function refuseAllServices({ config }: Context, { services = [] }: DowngradeRequest): void {
  const all = Object.keys(config.fleet.services);
  if (services.length > 0 || all.length < 2) return;
  throw new FleetError("usage", "downgrade requires a service", {
    remedy: `Nothing was changed. Choose one with --service: ${all.join(", ")}`,
  });
}
