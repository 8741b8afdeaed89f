import type { TargetStatus } from "../core/plan.ts";
import { type Context, selectTargets, withDatabases } from "../fleet/context.ts";
import { planFleet, readHistories } from "../fleet/plan-fleet.ts";
import { withTenants } from "../fleet/roster.ts";
import { type Planner, planTarget } from "../plan/build.ts";
import type { Selection } from "../tenants/targets.ts";

/** Reads where every selected target stands. Changes nothing. */
export function status(context: Context, selection: Selection): Promise<TargetStatus[]> {
  return withTenants(context, selection, (known) => statusOf(known, selection));
}

async function statusOf(context: Context, selection: Selection): Promise<TargetStatus[]> {
  const targets = selectTargets(context, selection);
  const histories = await readHistories(context, targets);
  const databases = [...new Set(targets.map(({ database }) => database))];
  const { allowOutOfOrder } = context.config.fleet;
  return withDatabases(context, databases, async (open) => {
    const planOne: Planner = (target, history, state) =>
      planTarget(target, history, state, { allowOutOfOrder });
    const fleet = await planFleet(context, targets, histories, open, planOne, false);
    return fleet.targets.map((target) => ({
      ...target,
      head: histories.get(target.target.service)?.migrations.at(-1)?.tag,
    }));
  });
}
