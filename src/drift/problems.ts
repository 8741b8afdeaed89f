import { counted } from "../core/count.ts";
import type { DriftDifference } from "../core/drift.ts";
import { isUnusable, type PlanProblem } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { commandText } from "../fleet/command.ts";
import type { Context } from "../fleet/context.ts";
import type { PlannedFleet } from "../fleet/plan-fleet.ts";
import type { Selection } from "../tenants/targets.ts";
import { compareFleet } from "./compare.ts";

/**
 * Compares the targets of a fleet with what their ledgers say.
 *
 * @returns a problem for each target that has drifted. A target that cannot be compared has none
 * @throws FleetError as `drift` does
 */
export async function driftProblems(
  fleet: PlannedFleet,
  { services, tenants, databases }: Selection,
): Promise<Map<Target, PlanProblem>> {
  const targets = fleet.plans.flatMap((plan) => (isUnusable(plan) ? [] : plan.target));
  const { shapes } = await compareFleet({ ...fleet, targets }, { services, tenants, databases });
  return new Map(
    shapes.flatMap(({ shape: { targets: own, differences } }) => {
      const [first, ...others] = differences;
      if (first === undefined) return [];
      return own.map((target) => [
        target,
        driftProblem(fleet.context, target, first, others.length),
      ]);
    }),
  );
}

function driftProblem(
  context: Context,
  { service, tenant, schema }: Target,
  first: DriftDifference,
  others: number,
): PlanProblem {
  const more = others === 0 ? "" : `, and ${counted(others, "more difference")}`;
  const selection = { services: [], tenants: tenant === undefined ? [] : [tenant], databases: [] };
  const command = commandText(context, ["drift", service], selection);
  return {
    kind: "drifted",
    tag: undefined,
    message: `schema "${schema}" is not what its ledger says: ${differenceText(first)}${more}`,
    remedy: `To see every difference, run: ${command}`,
  };
}

function differenceText({ kind, name, change, properties }: DriftDifference): string {
  const what = `${kind} ${name}`.trim();
  if (change === "missing") return `${what} is missing`;
  if (change === "extra") return `${what} is not expected`;
  return `${what}: ${properties[0]?.property ?? "its definition"} differs`;
}
