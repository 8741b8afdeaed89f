import { type Plan, targetsOf } from "../../core/plan.ts";
import type { PlanWording } from "../../report/plan.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import type { CommonOptions } from "../options/common.ts";
import { printResult } from "../output.ts";

/** Shows a plan. The exit code is that of a failure if a target has a problem. */
export async function printPlan(
  plan: Plan,
  options: CommonOptions,
  wording?: PlanWording,
): Promise<ExitCode> {
  const { planText } = await import("../../report/plan.ts");
  await printResult(options, plan, planText(plan, wording));
  const blocked = targetsOf(plan).some(({ problems }) => problems.length > 0);
  return blocked ? exitCode.failed : exitCode.done;
}
