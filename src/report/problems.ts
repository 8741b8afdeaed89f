import { counted, shortList } from "../core/count.ts";
import type { PlanProblem, TargetPlan } from "../core/plan.ts";
import { type Target, targetName } from "../core/target.ts";
import { longestList } from "./errors.ts";
import { remedyForAll, withoutNames } from "./failures.ts";

/** The problem of a target that is shown: its first one. */
interface Shown {
  readonly target: Target;
  readonly problem: PlanProblem;
  readonly more: string;
}

/** Each problem of a fleet once, with its remedy and the targets that have it. */
export function problemsText(targets: readonly TargetPlan[]): string[] {
  const groups = new Map<string, [Shown, ...Shown[]]>();
  for (const { target, problems } of targets) {
    const [problem, ...others] = problems;
    if (problem === undefined) continue;
    const more = others.length > 0 ? ` (and ${counted(others.length, "more problem")})` : "";
    const one = { target, problem, more };
    const group = groups.get(sameness(one));
    if (group === undefined) groups.set(sameness(one), [one]);
    else group.push(one);
  }
  const shown = [...groups.values()].slice(0, longestList);
  const rest = groups.size - shown.length;
  return [
    ...shown.flatMap((group) => [...blockOf(group), ""]),
    ...(rest > 0 ? [`... and ${counted(rest, "other problem")}.`, ""] : []),
  ];
}

/** A key that is equal for problems that differ only in numbers and in the names of the tenant and its schema. */
function sameness({ target, problem, more }: Shown): string {
  const { kind, tag, message, remedy } = problem;
  const general = (text: string) =>
    withoutNames(text.replace(/ --tenant \S+/g, ""), [target.schema, target.tenant]);
  return JSON.stringify([kind, tag, general(message).replace(/\d+/g, "0"), general(remedy), more]);
}

function blockOf(group: readonly [Shown, ...Shown[]]): string[] {
  const [{ target, problem, more }] = group;
  const services = [...new Set(group.map((one) => one.target.service))];
  // If the messages differ, the one that is shown names its target.
  const differ = group.some((one) => one.problem.message !== problem.message);
  const whose = differ ? targetName(target) : shortList(services);
  const names = shortList(group.map((one) => targetName(one.target)));
  return [
    `${whose}: ${problem.message}${more}`,
    `  -> ${remedyForAll(group.map((one) => one.problem.remedy))}`,
    group.length === 1 ? `  at ${names}` : `  at ${counted(group.length, "target")}: ${names}`,
  ];
}
