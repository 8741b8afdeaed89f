import type { Observer } from "../core/events.ts";
import type { Plan } from "../core/plan.ts";
import { commandText } from "../fleet/command.ts";
import type { Context } from "../fleet/context.ts";
import { withoutForbidden } from "../fleet/forbidden.ts";
import {
  choicesOf,
  goalFor,
  type Left,
  leftBy,
  poolerError,
  type RolloutRequest,
  selectionFor,
  withPlan,
} from "../fleet/planning.ts";
import { type PreparedRollout, type RolledOut, refusePooled, rollOut } from "../fleet/roll-out.ts";
import { createExtensions, readScripts } from "../fleet/scripts.ts";
import type { Destination } from "../fleet/unfinished.ts";
import { type Planner, planTarget } from "../plan/build.ts";
import { grantMissing } from "../tenancy/application-access.ts";

/** What to migrate, and how. */
export interface MigrateRequest extends RolloutRequest {
  /** The last migration to apply. Every selected service must have it. */
  readonly to?: string;
  readonly allowOutOfOrder?: boolean;
}

export interface MigrateResult extends RolledOut {
  /** The command that finishes what is left, see `commandText`. */
  readonly again: string;
  /** After a run of only what failed: what else is not where it would be after a run of all. */
  readonly left?: Left;
}

/**
 * Brings the selected targets to head.
 *
 * @param observe sees every event of the rollout
 * @throws FleetError before anything is applied: for the request, the configuration, the migrations on disk,
 *   their SQL, or a database that cannot be reached. What a single target does is an outcome, never an error.
 */
export async function migrate(
  context: Context,
  request: MigrateRequest,
  observe: Observer,
): Promise<MigrateResult> {
  const planOne = plannerFor(context, request);
  const course = courseOf(context, request);
  const planning = { request, planOne, certain: true, tag: request.to, course };
  return withPlan(context, planning, async (planned) => {
    const { histories, open } = planned;
    const { databases } = planned.fleet;
    const scripts = await readScripts(context, planned.plan, histories);
    const plan = withoutForbidden(planned.plan, databases, scripts.scriptOf);
    refusePooled(plan, databases, scripts.scriptOf, poolerError);
    await createExtensions(context, plan, scripts, open);
    const prepared: PreparedRollout = {
      verb: "migrate",
      selection: { ...selectionFor(context, request), to: request.to },
      goal: goalFor(planned, course),
      sessions: planned.sessions,
      plan,
      planOne,
      histories,
      databases,
      scriptOf: scripts.scriptOf,
    };
    const choices = choicesOf(context, request, plan);
    const result = await rollOut(context, prepared, open, choices, observe);
    if (result.stopped === undefined)
      await grantMissing(context, plan, open, planned.sessions.within);
    const kept = result.unkept.length === 0;
    const again = kept ? commandOf(context, request, ["--failed"]) : course.command;
    return { plan, ...result, again, ...leftBy(request, planned, result.outcomes, course) };
  });
}

/**
 * Says what `migrate` would do. Changes nothing.
 *
 * @throws FleetError as `migrate` does
 */
export function planMigration(context: Context, request: MigrateRequest): Promise<Plan> {
  const planOne = plannerFor(context, request);
  const course = courseOf(context, request);
  const planning = { request, planOne, certain: false, tag: request.to, course };
  return withPlan(context, planning, async ({ plan, fleet, histories }) => {
    const { scriptOf } = await readScripts(context, plan, histories);
    refusePooled(plan, fleet.databases, scriptOf, poolerError);
    return plan;
  });
}

function courseOf(context: Context, request: MigrateRequest): Destination {
  return {
    direction: "up",
    endIn: ({ migrations }) => request.to ?? migrations.at(-1)?.tag,
    endAsked: ({ to }) => (typeof to === "string" ? to : undefined),
    isSame: ({ to }) => (to ?? undefined) === request.to,
    command: commandOf(context, request, []),
  };
}

/** The command that asks for the same as a request. */
function commandOf(context: Context, request: MigrateRequest, more: readonly string[]): string {
  const to = request.to === undefined ? [] : ["--to", request.to];
  const order = request.allowOutOfOrder === true ? ["--allow-out-of-order"] : [];
  return commandText(context, ["migrate", ...to, ...order, ...more], request);
}

/** How `migrate` plans a target. */
export function plannerFor(context: Context, { allowOutOfOrder, to }: MigrateRequest): Planner {
  const rules = {
    allowOutOfOrder: allowOutOfOrder ?? context.config.fleet.allowOutOfOrder,
    ...(to === undefined ? {} : { to }),
  };
  return (target, history, state) => planTarget(target, history, state, rules);
}
