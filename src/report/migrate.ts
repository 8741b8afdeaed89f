import { counted, shortList } from "../core/count.ts";
import { isFailure, type Outcome, type Stop } from "../core/outcome.ts";
import { failedTargets, failuresText, groupFailures } from "./failures.ts";
import { type HeldSummary, heldText } from "./held.ts";
import { style } from "./style.ts";
import { table } from "./table.ts";

/** The outcomes of a rollout in numbers. */
export interface RolloutSummary {
  readonly targets: number;
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: number;
  readonly notExecuted: number;
  readonly inDoubt: number;
  /** Number of migrations applied, over all targets. */
  readonly applied: number;
}

export function summarize(outcomes: readonly Outcome[]): RolloutSummary {
  const count = (status: Outcome["status"]) =>
    outcomes.filter((outcome) => outcome.status === status).length;
  return {
    targets: outcomes.length,
    succeeded: count("succeeded"),
    skipped: count("skipped"),
    failed: count("failed"),
    notExecuted: count("notExecuted"),
    inDoubt: count("inDoubt"),
    applied: outcomes.reduce((sum, { applied }) => sum + applied.length, 0),
  };
}

/**
 * True when nothing is left to do or to fix. A run with --failed that finds no failed targets is not done while other
 * targets are not at their goal.
 */
export function isDone({ outcomes, stopped, left }: Ended): boolean {
  const open = outcomes.some((outcome) => isFailure(outcome) || outcome.status === "notExecuted");
  const missed = outcomes.length === 0 && left !== undefined && left.targets > 0;
  return !open && !missed && stopped === undefined;
}

/** True when targets failed, but no more than the user accepts, and every other target is done. */
export function isAccepted({ outcomes, stopped, accepted = 0 }: Ended): boolean {
  const failed = outcomes.filter(isFailure).length;
  const isComplete = outcomes.every((one) => isFailure(one) || one.status !== "notExecuted");
  return stopped === undefined && isComplete && failed > 0 && failed <= accepted;
}

/** True when no failure can end without a fix. Targets that were not run because of these failures do not count. */
export function needsFix({ outcomes, stopped }: Ended): boolean {
  const failed = outcomes.filter(isFailure);
  const isConsequence =
    stopped === undefined || stopped.kind === "failures" || stopped.kind === "canary";
  return (
    isConsequence &&
    failed.length > 0 &&
    failed.every(({ failure }) => failure?.retryable === false)
  );
}

/** How a rollout ended. */
export interface Ended {
  readonly outcomes: readonly Outcome[];
  readonly stopped?: Stop;
  /** How many failed targets the user accepts, from 0. */
  readonly accepted?: number;
  /** The command that finishes the rest. */
  readonly again?: string;
  /** The contracts that were left out. */
  readonly held?: readonly HeldSummary[];
  /** True if the ledgers were asked when these are ripe. */
  readonly heldAsked?: boolean;
  /** After a run with --failed: the other targets that are not at their goal. */
  readonly left?: { readonly targets: number; readonly of: number; readonly command: string };
}

/** The last line of `--json`: numbers, kinds of failures, and why the rollout stopped early. */
export interface SummaryDocument extends RolloutSummary {
  readonly type: "summary";
  /** One entry for all targets that failed in the same way. */
  readonly failures: readonly FailureSummary[];
  /** Null if the rollout reached its last target. */
  readonly stopped: Stop | null;
  /** With `--accept-failures`: true if targets failed, but no more than accepted. */
  readonly accepted?: boolean;
  /** The command that completes the remaining targets. */
  readonly again?: string;
  /** The contracts that were left out, if there are any. */
  readonly held?: readonly HeldSummary[];
  /** With `--failed`: the other targets that are not at their goal. */
  readonly left?: NonNullable<Ended["left"]>;
}

interface FailureSummary {
  readonly sqlstate: string | null;
  readonly message: string;
  /** The migration that failed. */
  readonly tag: string | null;
  /** False if running the same command again cannot help. */
  readonly retryable: boolean;
  /** The names of the targets, for example `auth/acme`. */
  readonly targets: readonly string[];
}

export function summaryDocument(ended: Ended): SummaryDocument {
  const { outcomes, stopped, accepted, again, held = [], left } = ended;
  const failures = groupFailures(failedTargets(outcomes)).map(({ failure, targets }) => ({
    sqlstate: failure.sqlstate ?? null,
    message: failure.message,
    tag: failure.tag ?? null,
    retryable: failure.retryable,
    targets: targets.map(({ name }) => name),
  }));
  return {
    type: "summary",
    ...summarize(outcomes),
    failures,
    stopped: stopped ?? null,
    ...(accepted === undefined ? {} : { accepted: isAccepted(ended) }),
    ...(again === undefined || isDone(ended) ? {} : { again }),
    ...(held.length === 0 ? {} : { held }),
    ...(left === undefined ? {} : { left }),
  };
}

/** The words for the rollout of a verb. */
export interface Wording {
  /** For a target that was changed: `migrated`. */
  readonly done: string;
  /** For a target that had nothing to do, and for all targets at the end: `at head`. */
  readonly idle: string;
  /** For a migration: `applied`. */
  readonly each: string;
  /** What is counted instead of migrations: `ledger`. */
  readonly unit?: string;
  /** What comes before the command for all targets that are left. */
  readonly all?: string;
}

const migrating: Wording = {
  done: "migrated",
  idle: "at head",
  each: "applied",
};

/** The summary of a rollout: a line per service, each kind of failure, and the targets that were not run. */
export function migrateText(ended: Ended, wording: Wording = migrating): string {
  const { outcomes } = ended;
  const { unit = "migration" } = wording;
  const services = [...new Set(outcomes.map(({ target }) => target.service))];
  const rows = services.map((service) => {
    const own = summarize(outcomes.filter(({ target }) => target.service === service));
    const bad = own.failed + own.inDoubt;
    return [service, own.targets, own.succeeded, own.skipped, bad, own.notExecuted, own.applied];
  });
  return [
    ...table(
      ["service", "targets", wording.done, wording.idle, "failed", "not run", `${unit}s`],
      rows,
    ),
    "",
    unfinishedText(ended, wording),
    ...heldText(ended.held ?? [], ended.heldAsked === true),
  ].join("\n");
}

/** The end of `migrateText`: every kind of failure, what was not run, and the verdict. */
export function unfinishedText(ended: Ended, wording: Wording = migrating): string {
  const { outcomes, left } = ended;
  const failed = failedTargets(outcomes);
  const total = summarize(outcomes);
  const more =
    left === undefined || left.targets === total.failed + total.inDoubt + total.notExecuted
      ? []
      : [leftText(left, wording)];
  const last =
    left !== undefined && total.targets === 0
      ? "Nothing to do: no earlier rollout left anything unfinished."
      : verdict(total, ended, wording);
  return [
    ...failuresText(failed),
    ...notExecutedText(outcomes),
    style(colorOf(ended), last),
    ...more,
  ].join("\n");
}

function colorOf(ended: Ended): "green" | "yellow" | "red" {
  const isGood = ended.stopped === undefined && !ended.outcomes.some(isFailure);
  if (isGood) return "green";
  return isAccepted(ended) ? "yellow" : "red";
}

function notExecutedText(outcomes: readonly Outcome[]): string[] {
  const rest = outcomes.filter(({ status }) => status === "notExecuted");
  if (rest.length === 0) return [];
  const names = [...new Set(rest.map(({ target }) => target.tenant ?? target.service))];
  const tags = [...new Set(rest.flatMap(({ batches }) => batches?.tag ?? []))];
  return [
    `Not run: ${counted(rest.length, "target")} (${shortList(names)}).`,
    ...tags.map((tag) => continuedText(tag, rest)),
  ];
}

/** Targets that ended between two batches of a statement. */
function continuedText(tag: string, outcomes: readonly Outcome[]): string {
  const parts = outcomes.flatMap(({ batches }) => (batches?.tag === tag ? [batches.rows] : []));
  const rows = parts.reduce((sum, one) => sum + one, 0);
  return `${tag} is partly applied to ${counted(parts.length, "target")} (${counted(rows, "row")} so far); the next run continues there.`;
}

/** Targets outside this run that are not at their goal. */
function leftText(
  { targets, of, command }: NonNullable<Ended["left"]>,
  { idle, all = "To migrate all of them, run: " }: Wording,
): string {
  return `Not ${idle}: ${targets} of ${counted(of, "target")}. ${all}${command}`;
}

function verdict(total: RolloutSummary, ended: Ended, wording: Wording): string {
  const { stopped, accepted, again = "" } = ended;
  const bad = total.failed + total.inDoubt;
  const when = bad > 0 ? "After fixing the cause, run" : "To continue, run";
  const next = again === "" || bad + total.notExecuted === 0 ? "" : ` ${when}: ${again}`;
  const rest = total.notExecuted > 0 ? `, ${counted(total.notExecuted, "target")} not run` : "";
  const count =
    bad > 0 ? `${bad} of ${counted(total.targets, "target")} failed${rest}` : rest.slice(2);
  if (stopped !== undefined)
    return `Stopped: ${stopped.message}${count === "" ? "" : `: ${count}`}.${next}`;
  const limit = isAccepted(ended) ? ` (accepted: up to ${accepted})` : "";
  if (bad > 0) return `${count}${limit}.${next}`;
  if (total.notExecuted > 0) return `Stopped: ${count}.${next}`;
  if (total.targets === 0)
    return "Nothing to do: there is no target. A target is a service of a tenant; to see the tenants, run: npx drizzle-fleet tenants list";
  const { each, idle, unit = "migration" } = wording;
  if (total.applied === 0) return `Nothing to do: ${counted(total.targets, "target")} ${idle}.`;
  return `Done: ${counted(total.applied, unit)} ${each}, ${counted(total.targets, "target")} ${idle}.`;
}
