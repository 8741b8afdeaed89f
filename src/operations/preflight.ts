import type { PreflightReport, RehearsalRequest } from "../core/preflight.ts";
import type { Context } from "../fleet/context.ts";
import { withPlan } from "../fleet/planning.ts";
import { choicesOf, type RolloutRequest } from "../fleet/rollout-request.ts";
import { readScripts } from "../fleet/scripts.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import { checkPlan } from "../preflight/preflight.ts";

/** What to check. The waves, the concurrency and the timeouts are those of the rollout to come. */
export interface PreflightRequest
  extends RehearsalRequest,
    Omit<RolloutRequest, "failed" | "soakMs" | "verify" | "maxFailures"> {
  /** The last migration to apply; default: head. Every selected service must have it. */
  readonly to?: string;
  /** Apply migrations that come before applied ones; default: as configured. */
  readonly allowOutOfOrder?: boolean;
}

/**
 * Checks on every target that has something to do whether `migrate` would succeed: reads only, and counts rows without
 * reading them. With `rehearseUpTo`, pending migrations are also run and rolled back.
 *
 * @param onProgress receives the number of targets that were checked, and of all
 * @throws FleetError as `migrate` does before it applies anything; `interrupted` if the context's signal is aborted
 * @example
 * const { failing } = await preflight(context, { services: [], tenants: [], databases: [] });
 * for (const { message, targets } of failing) report(message, targets.length);
 */
export function preflight(
  context: Context,
  request: PreflightRequest,
  onProgress?: (done: number, total: number) => void,
): Promise<PreflightReport> {
  const { to, allowOutOfOrder = context.config.fleet.allowOutOfOrder } = request;
  const rules = { allowOutOfOrder, ...(to === undefined ? {} : { to }) };
  const planOne: Planner = (target, history, state) => planTarget(target, history, state, rules);
  return withPlan(context, { request, planOne, purpose: "look", tag: to }, async (planned) => {
    const { fleet, plan } = planned;
    const { scriptOf } = await readScripts(fleet, plan);
    const { concurrency, timeouts } = choicesOf(context, request, plan);
    const { rehearseUpTo, diskFree } = request;
    const options = { concurrency, timeouts, rehearseUpTo, diskFree, onProgress };
    return checkPlan(fleet, plan, scriptOf, options);
  });
}
