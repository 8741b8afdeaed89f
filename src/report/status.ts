import { counted } from "../core/count.ts";
import { isUnusable, type TargetStatus } from "../core/plan.ts";
import { targetName } from "../core/target.ts";
import { problemsText } from "./problems.ts";
import { table } from "./table.ts";

/** More targets than this are grouped by their state. */
const longestTable = 30;

/** True if no migration is pending and the target has no problem. */
export function isAtHead({ pending, problems }: TargetStatus): boolean {
  return pending === 0 && problems.length === 0;
}

/** Targets with a problem, then those that are behind, then those at head. */
export function worstFirst(targets: readonly TargetStatus[]): TargetStatus[] {
  const rank = (target: TargetStatus) =>
    target.problems.length > 0 ? 0 : target.pending > 0 ? 1 : 2;
  return [...targets].sort((left, right) => rank(left) - rank(right));
}

/**
 * The status of a fleet, problems first: a row per target, or per group of targets in the same state if there are many.
 *
 * @param onlyBehind true: the table leaves out targets at head; the counts include them
 */
export function statusText(targets: readonly TargetStatus[], onlyBehind = false): string {
  if (targets.length === 0) return "The selection has no targets.";
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
          ...(unknown === 0 ? [] : [`Unknown: ${unknown} of ${all}.`]),
        ];
  return [...(listed.length === 0 ? [] : [...lines, ""]), ...problemsText(listed), ...verdict].join(
    "\n",
  );
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
  return table(["service", "current", "pending", "state", "targets", "which"], rows);
}

/** The newest applied migration of a target, and how many are pending. */
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
