import type { TargetStatus } from "../core/plan.ts";
import type { Context } from "../fleet/context.ts";
import { withFleet } from "../fleet/open-fleet.ts";
import { planFleet } from "../fleet/plan-fleet.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import type { Selection } from "../tenants/targets.ts";

/**
 * Reads the state of every selected target: newest applied migration, head, and pending migrations. Changes nothing.
 *
 * @returns one entry per target
 * @throws FleetError `usage` for an invalid selection; `tenant` for a named tenant that is not active; `journal` for damaged
 *   files of a migrations folder; `unreachable` or `config` if no database can be used
 * @example
 * const targets = await status(context, { services: ["auth"], tenants: [], databases: [] });
 */
export function status(context: Context, selection: Selection): Promise<TargetStatus[]> {
  const { allowOutOfOrder } = context.config.fleet;
  const planOne: Planner = (target, history, state) =>
    planTarget(target, history, state, { allowOutOfOrder });
  return withFleet(context, selection, async (fleet) => {
    const { plans } = await planFleet(fleet, planOne, { purpose: "look" });
    return plans.map((plan) => ({
      ...plan,
      head: fleet.histories.get(plan.target.service)?.migrations.at(-1)?.tag,
    }));
  });
}
