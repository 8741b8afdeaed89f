import { counted } from "../core/count.ts";
import { isUnusable, type TargetStatus } from "../core/plan.ts";
import { targetName } from "../core/target.ts";
import { ageText } from "../core/time.ts";
import { heldIn, heldText } from "./held.ts";
import { problemsText } from "./problems.ts";
import { table } from "./table.ts";

/** More targets than this are grouped by their state. */
const longestTable = 30;

/** True when the target has no pending migration and no problem. */
export function isAtHead({ pending, problems }: TargetStatus): boolean {
  return pending === 0 && problems.length === 0;
}

/** Sorts targets: first those with a problem, then those that are behind, then those that have drifted. */
export function worstFirst(targets: readonly TargetStatus[]): TargetStatus[] {
  const rank = ({ problems, pending, drift }: TargetStatus) =>
    problems.length > 0 ? 0 : pending > 0 ? 1 : drift?.drifted === true ? 2 : 3;
  return [...targets].sort((left, right) => rank(left) - rank(right));
}

/**
 * The table of a fleet, worst first. It has a row for each target, or for each group of targets in the same state if there
 * are many.
 *
 * @param onlyBehind true: the table contains only targets that are not at head; the counts include all
 * @param now the time from which ages are counted
 */
export function statusText(
  targets: readonly TargetStatus[],
  onlyBehind = false,
  now = new Date(),
): string {
  if (targets.length === 0)
    return "There is no target. A target is a service of a tenant; to see the tenants, run: npx drizzle-fleet tenants list";
  const listed = worstFirst(targets).filter((target) => !onlyBehind || !isAtHead(target));
  const lines = listed.length > longestTable ? grouped(listed) : single(listed, now);
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
    ...heldText(heldIn(targets)),
    ...driftText(targets, now),
  ].join("\n");
}

function single(targets: readonly TargetStatus[], now: Date): string[] {
  const isCompared = targets.some(({ drift }) => drift !== undefined);
  const rows = targets.map((target) => [
    targetName(target.target),
    ...placeOf(target),
    stateOf(target),
    ...(isCompared ? [driftOf(target, now)] : []),
  ]);
  return table(["target", "current", "pending", "state", ...(isCompared ? ["drift"] : [])], rows);
}

function grouped(targets: readonly TargetStatus[]): string[] {
  const isCompared = targets.some(({ drift }) => drift !== undefined);
  const groups = new Map<string, TargetStatus[]>();
  for (const target of targets) {
    const key = JSON.stringify([
      target.target.service,
      target.current,
      target.pending,
      stateOf(target),
      driftOf(target),
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
      ...(isCompared && first !== undefined ? [driftOf(first)] : []),
      group.length,
      names.join(", ") + (group.length > names.length ? ", ..." : ""),
    ];
  });
  const columns = ["current", "pending", "state", ...(isCompared ? ["drift"] : [])];
  return table(["service", ...columns, "targets", "tenants"], rows);
}

/** The newest migration of a target, and its number of pending ones. */
function placeOf(target: TargetStatus): [string, string | number] {
  return isUnusable(target) ? ["?", "?"] : [target.current ?? "(none)", target.pending];
}

function stateOf(target: TargetStatus): string {
  const [problem] = target.problems;
  if (problem !== undefined)
    return problem.tag === undefined ? problem.kind : `${problem.kind}: ${problem.tag}`;
  const { resumeAt = 0, batch } = target.steps[0] ?? {};
  if (resumeAt > 0 || batch !== undefined) return `partly applied: ${target.steps[0]?.tag}`;
  return target.pending === 0 ? "at head" : "behind";
}

/** What `drift` found, and how long ago if `now` is given. Outdated: the target's ledger has changed since. */
function driftOf({ drift }: TargetStatus, now?: Date): string {
  if (drift === undefined) return "not compared";
  const { drifted, checkedAt, outdated } = drift;
  const age = now === undefined ? "" : `, ${ageText(now.getTime() - checkedAt.getTime())}`;
  return `${drifted ? "yes" : "no"}${age}${outdated ? " (outdated)" : ""}`;
}

/** What `drift` found when it last compared the fleet; nothing if it never did. */
function driftText(targets: readonly TargetStatus[], now: Date): string[] {
  const found = targets.flatMap(({ drift }) => drift ?? []);
  if (found.length === 0) return [];
  const drifted = found.filter((one) => one.drifted).length;
  const times = found.map(({ checkedAt }) => checkedAt.getTime());
  // Not Math.min(...times): a large fleet has more values than a call has room for.
  const newest = ageText(now.getTime() - times.reduce((one, other) => Math.max(one, other)));
  const oldest = ageText(now.getTime() - times.reduce((one, other) => Math.min(one, other)));
  const when = newest === oldest ? newest : `from ${oldest} to ${newest}`;
  const outdated = found.filter((one) => one.outdated).length;
  // A target without migrations has nothing to compare.
  const missed = targets.filter(
    (target) => target.drift === undefined && target.current !== undefined,
  ).length;
  const more = [
    ...(outdated === 0 ? [] : [outdatedText(outdated)]),
    ...(missed === 0 ? [] : [`Not compared: ${counted(missed, "target")}.`]),
  ];
  const count = counted(found.length, "target");
  const head =
    drifted === 0
      ? `No drift in ${count} when last compared, ${when}.`
      : `Drift in ${drifted} of ${count} when last compared, ${when}.`;
  return [
    [head, ...more].join(" "),
    ...(drifted === 0 ? [] : ["To see every difference, run: npx drizzle-fleet drift"]),
  ];
}

function outdatedText(count: number): string {
  return count === 1
    ? "1 is outdated: its ledger has changed since."
    : `${count} are outdated: their ledgers have changed since.`;
}
