import type { TargetPlan } from "../core/plan.ts";
import { targetName } from "../core/target.ts";
import { longestList } from "./errors.ts";
import { counted, some } from "./words.ts";

/** Every problem of a fleet once, with its remedy and the targets that have it. */
export function problemsText(targets: readonly TargetPlan[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { target, problems } of targets) {
    const [problem] = problems;
    if (problem === undefined) continue;
    const more =
      problems.length > 1 ? ` (and ${counted(problems.length - 1, "more problem")})` : "";
    const key = `${target.service}: ${problem.message}${more}\n  -> ${problem.remedy}`;
    groups.set(key, [...(groups.get(key) ?? []), targetName(target)]);
  }
  const shown = [...groups].slice(0, longestList);
  const rest = groups.size - shown.length;
  return [
    ...shown.flatMap(([text, names]) => [text, `  at ${some(names)}`, ""]),
    ...(rest > 0 ? [`... and ${counted(rest, "other problem")}.`, ""] : []),
  ];
}
