import type { Course } from "../control/rollouts.ts";
import type { Observer } from "../core/events.ts";
import type { Plan } from "../core/plan.ts";
import { type Planner, planTarget } from "../plan/build.ts";
import type { Context } from "./context.ts";
import { choicesOf, needsDirectUrl, type RolloutRequest, withPlan } from "./planning.ts";
import { type Prepared, type RolledOut, refusePooled, rollOut } from "./roll-out.ts";
import { createExtensions, readScripts } from "./scripts.ts";

/** What to migrate, and how. */
export interface MigrateRequest extends RolloutRequest {
  /** The last migration to apply. Every selected service must have it. */
  readonly to?: string;
  readonly allowOutOfOrder?: boolean;
}

/** Only who was brought to head has got over an earlier failure. */
const course: Course = { verb: "migrate", end: { key: "to", value: null } };

export type MigrateResult = RolledOut;

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
  const planning = { request, planOne, certain: true, tag: request.to, course };
  return withPlan(context, planning, async (planned) => {
    const { plan, histories, open } = planned;
    const { databases } = planned.fleet;
    const scripts = await readScripts(context, plan, histories);
    refusePooled(plan, databases, scripts.scriptOf, needsDirectUrl);
    await createExtensions(context, scripts, open);
    const { services, tenants, to, failed } = request;
    const prepared: Prepared = {
      verb: "migrate",
      selection: { services, tenants, databases: request.databases, to, failed },
      plan,
      planOne,
      histories,
      databases,
      scriptOf: scripts.scriptOf,
    };
    const choices = choicesOf(context, request, plan);
    return { plan, ...(await rollOut(context, prepared, open, choices, observe)) };
  });
}

/**
 * Says what `migrate` would do. Changes nothing.
 *
 * @throws FleetError as `migrate` does
 */
export function planMigration(context: Context, request: MigrateRequest): Promise<Plan> {
  const planOne = plannerFor(context, request);
  const planning = { request, planOne, certain: false, tag: request.to, course };
  return withPlan(context, planning, async ({ plan, fleet, histories }) => {
    const { scriptOf } = await readScripts(context, plan, histories);
    refusePooled(plan, fleet.databases, scriptOf, needsDirectUrl);
    return plan;
  });
}

/** How `migrate` plans a target. */
export function plannerFor(context: Context, { allowOutOfOrder, to }: MigrateRequest): Planner {
  const rules = {
    allowOutOfOrder: allowOutOfOrder ?? context.config.fleet.allowOutOfOrder,
    ...(to === undefined ? {} : { to }),
  };
  return (target, history, state) => planTarget(target, history, state, rules);
}
