import { counted } from "../core/count.ts";
import { isUnusable, type TargetStatus } from "../core/plan.ts";
import { targetName } from "../core/target.ts";
import { problemsText } from "./problems.ts";
import { table } from "./table.ts";

/** More targets than this are grouped by their state. */
const longestTable = 30;

/** True when the target has no pending migration and no problem. */
export function isAtHead({ pending, problems }: TargetStatus): boolean {
  return pending === 0 && problems.length === 0;
}

/** Sorts targets: first those with a problem, then those that are behind, then those at head. */
export function worstFirst(targets: readonly TargetStatus[]): TargetStatus[] {
  const rank = (target: TargetStatus) =>
    target.problems.length > 0 ? 0 : target.pending > 0 ? 1 : 2;
  return [...targets].sort((left, right) => rank(left) - rank(right));
}

/**
 * The table of a fleet, worst first. It has a row for each target, or for each group of targets in the same state if there
 * are many.
 *
 * @param onlyBehind true: the table contains only targets that are not at head; the counts include all
 */
export function statusText(targets: readonly TargetStatus[], onlyBehind = false): string {
  if (targets.length === 0)
    return "There is no target. A target is a service of a tenant; to see the tenants, run: npx drizzle-fleet tenants list";
  const listed = worstFirst(targets).filter((target) => !onlyBehind || !isAtHead(target));
  const lines = listed.length > longestTable ? grouped(listed) : single(listed);
  const unknown = targets.filter(isUnusable).length;
  const behind = targets.filter((target) => !isAtHead(target)).length - unknown;
  const all = counted(targets.length, "target");
  const verdict =
    behind + unknown === 0
      ? [targets.length === 1 ? "1 target is at head." : `All ${all} are at head.`]
      : [
          ...(behind === 0 ? [] : [`Not at head: ${behind} of ${all}.`]),
          ...(unknown === 0 ? [] : [`Not read: ${unknown} of ${all}.`]),
        ];
  const next = targets.some(({ pending, problems }) => pending > 0 && problems.length === 0)
    ? ["To apply pending migrations, run: npx drizzle-fleet migrate"]
    : [];
  return [
    ...(listed.length === 0 ? [] : [...lines, ""]),
    ...problemsText(listed),
    ...verdict,
    ...next,
  ].join("\n");
}

function single(targets: readonly TargetStatus[]): string[] {
  const rows = targets.map((target) => [
    targetName(target.target),
    ...placeOf(target),
    stateOf(target),
  ]);
  return table(["target", "current", "pending", "state"], rows);
}

function grouped(targets: readonly TargetStatus[]): string[] {
  const groups = new Map<string, TargetStatus[]>();
  for (const target of targets) {
    const key = JSON.stringify([
      target.target.service,
      target.current,
      target.pending,
      stateOf(target),
    ]);
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  const rows = [...groups.values()].map((group) => {
    const [first] = group;
    const names = group.slice(0, 3).map(({ target }) => target.tenant ?? target.schema);
    return [
      first?.target.service ?? "",
      ...(first === undefined ? ["", ""] : placeOf(first)),
      first === undefined ? "" : stateOf(first),
      group.length,
      names.join(", ") + (group.length > names.length ? ", ..." : ""),
    ];
  });
  return table(["service", "current", "pending", "state", "targets", "tenants"], rows);
}

/** The newest migration of a target, and its number of pending ones. */
function placeOf(target: TargetStatus): [string, string | number] {
  return isUnusable(target) ? ["?", "?"] : [target.current ?? "(none)", target.pending];
}

function stateOf(target: TargetStatus): string {
  const [problem] = target.problems;
  if (problem !== undefined)
    return problem.tag === undefined ? problem.kind : `${problem.kind}: ${problem.tag}`;
  if ((target.steps[0]?.resumeAt ?? 0) > 0) return `partly applied: ${target.steps[0]?.tag}`;
  return target.pending === 0 ? "at head" : "behind";
}
