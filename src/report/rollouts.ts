import { counted, shortList } from "../core/count.ts";
import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import { duration, timeText } from "../core/time.ts";
import { failuresText } from "./failures.ts";
import { table } from "./table.ts";

interface ShownRollout extends Omit<RolloutRecord, "database"> {
  readonly counts: Readonly<Record<string, number>>;
  readonly unkept: readonly string[];
}

/** The list of rollouts, newest first. */
export function rolloutsText(rollouts: readonly ShownRollout[]): string {
  if (rollouts.length === 0) return "No rollout is recorded yet.";
  // The column is left out if it would be empty.
  const doubts = rollouts.some((rollout) => unknown(rollout) > 0);
  const rows = rollouts.map((rollout) => [
    rollout.id,
    rollout.verb,
    rollout.targets,
    count(rollout, "succeeded") + count(rollout, "skipped"),
    count(rollout, "failed") + count(rollout, "inDoubt"),
    count(rollout, "notExecuted"),
    ...(doubts ? [unknown(rollout)] : []),
    lastedText(rollout),
    rollout.startedBy,
  ]);
  const titles = ["rollout", "verb", "targets", "done", "failed", "not run"];
  return [
    ...table([...titles, ...(doubts ? ["unknown"] : []), "took", "by"], rows),
    ...rollouts.flatMap(unkeptText),
  ].join("\n");
}

/** Number of targets without an outcome: the runner or the database was lost, or the rollout is still running. */
function unknown({ targets, counts }: ShownRollout): number {
  return targets - Object.values(counts).reduce((sum, number) => sum + number, 0);
}

function unkeptText({ id, unkept }: ShownRollout): string[] {
  return unkept.length === 0 ? [] : [`No outcome of ${id} is recorded in ${unkept.join(", ")}.`];
}

/** One rollout: its numbers, each kind of failure, and the targets that were not run. */
export function rolloutText(
  rollout: ShownRollout & { readonly outcomes: readonly OutcomeRecord[] },
): string {
  const { outcomes, stopped } = rollout;
  const waves = rollout.waves.filter((name) => outcomes.some(({ wave }) => wave === name));
  const rows = waves.map((wave) => {
    const own = outcomes.filter((outcome) => outcome.wave === wave);
    const number = (...statuses: string[]) =>
      own.filter(({ status }) => statuses.includes(status)).length;
    return [
      wave,
      own.length,
      number("succeeded", "skipped"),
      number("failed", "inDoubt"),
      number("notExecuted"),
    ];
  });
  const unstarted = outcomes
    .filter(({ status }) => status === "notExecuted")
    .map((outcome) => nameOf(outcome));
  return [
    `${rollout.verb} ${rollout.id}, started ${timeText(rollout.startedAt)} by ${rollout.startedBy}, ${lastedText(rollout)}`,
    ...selectionText(rollout.selection),
    "",
    ...table(["wave", "targets", "done", "failed", "not run"], rows),
    "",
    ...failuresText(failed(outcomes)),
    ...(unstarted.length > 0
      ? [`Not run: ${counted(unstarted.length, "target")} (${shortList(unstarted)}).`]
      : []),
    ...(unknown(rollout) > 0
      ? [`Unknown: ${counted(unknown(rollout), "target")}. No outcome was recorded.`]
      : []),
    ...unkeptText(rollout),
    ...(stopped === undefined ? [] : [`Stopped: ${stopped}.`]),
  ]
    .join("\n")
    .trimEnd();
}

function failed(outcomes: readonly OutcomeRecord[]) {
  return outcomes.flatMap((outcome) => {
    const { schema, status, failure } = outcome;
    return failure === null ? [] : [{ name: nameOf(outcome), schema, status, failure }];
  });
}

function nameOf({ service, tenant }: OutcomeRecord): string {
  return tenant === null ? service : `${service}/${tenant}`;
}

function count({ counts }: ShownRollout, status: string): number {
  return counts[status] ?? 0;
}

function lastedText({ startedAt, endedAt }: ShownRollout): string {
  if (endedAt === undefined) return "not finished";
  return duration(Math.max(0, endedAt.getTime() - startedAt.getTime()));
}

function selectionText(selection: RolloutRecord["selection"]): string[] {
  const parts = Object.entries(selection).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value.map(String) : [String(value)];
    return values.length > 0 ? [`${name}: ${shortList(values)}`] : [];
  });
  return parts.length > 0 ? [`selected ${parts.join("; ")}`] : [];
}
