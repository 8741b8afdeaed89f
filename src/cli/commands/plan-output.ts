import { mayPass, type Plan, targetsOf } from "../../core/plan.ts";
import type { PlanWording } from "../../report/plan.ts";
import { type ExitCode, exitCode } from "../exit-codes.ts";
import type { CommonOptions } from "../options/common.ts";
import { printResult } from "../output.ts";

/** Shows a plan. The exit code is that of a rollout in which every target with a problem fails. */
export async function printPlan(
  plan: Plan,
  options: CommonOptions,
  wording?: PlanWording,
): Promise<ExitCode> {
  const { planText } = await import("../../report/plan.ts");
  await printResult(options, plan, planText(plan, wording));
  const problems = targetsOf(plan).flatMap((one) => one.problems);
  if (problems.length === 0) return exitCode.done;
  return problems.some(mayPass) ? exitCode.failed : exitCode.permanent;
}
