import type { TargetStatus } from "../core/plan.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import type { Selection } from "../tenants/targets.ts";
import type { Context } from "./context.ts";
import { withFleet } from "./open-fleet.ts";
import { planFleet } from "./plan-fleet.ts";

/**
 * Reads the state of every selected target.
 *
 * @throws FleetError if the selection is invalid, or no database can be used
 */
export function readStatus(context: Context, selection: Selection): Promise<TargetStatus[]> {
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
