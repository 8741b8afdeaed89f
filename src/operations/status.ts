import type { TargetStatus } from "../core/plan.ts";
import type { Selection } from "../tenants/targets.ts";
import { type Context, selectTargets, withDatabases } from "./context.ts";
import { planFleet, readHistories } from "./plan-fleet.ts";

/** Reads where every selected target stands. Changes nothing. */
export async function status(context: Context, selection: Selection): Promise<TargetStatus[]> {
  const targets = selectTargets(context, selection);
  const histories = await readHistories(context, targets);
  const databases = [...new Set(targets.map(({ database }) => database))];
  return withDatabases(context, databases, async (open) => {
    const plan = await planFleet(context, targets, histories, open);
    return plan.waves.flat().map((target) => ({
      ...target,
      head: histories.get(target.target.service)?.migrations.at(-1)?.tag,
    }));
  });
}
