import type { Outcome } from "../core/outcome.ts";
import { longestList, outcomeText } from "./errors.ts";
import { styleFor } from "./style.ts";
import { table } from "./table.ts";

/** How a rollout ended, in numbers. */
export interface RolloutSummary {
  readonly targets: number;
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: number;
  readonly notExecuted: number;
  readonly inDoubt: number;
  /** Migrations applied, over all targets. */
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

/** What a person reads at the end of a rollout: a line per service, then every failure with its remedy. */
export function migrateText(outcomes: readonly Outcome[], stream: { isTTY?: boolean }): string {
  const style = styleFor(stream);
  const total = summarize(outcomes);
  const services = [...new Set(outcomes.map(({ target }) => target.service))];
  const rows = services.map((service) => {
    const own = summarize(outcomes.filter(({ target }) => target.service === service));
    const bad = own.failed + own.inDoubt;
    return [service, own.targets, own.succeeded, own.skipped, bad, own.notExecuted, own.applied];
  });
  const lines = table(
    ["service", "targets", "migrated", "at head", "failed", "not run", "migrations"],
    rows,
  );
  const unstarted = outcomes.find(
    ({ status, failure }) => status === "notExecuted" && failure !== undefined,
  );
  const ended = outcomes.filter(({ status }) => status === "failed" || status === "inDoubt");
  const bad = unstarted === undefined ? ended : [...ended, unstarted];
  lines.push("");
  for (const outcome of bad.slice(0, longestList))
    lines.push(`${style("red", "x")} ${outcomeText(outcome)}`, "");
  if (bad.length > longestList)
    lines.push(`... and ${bad.length - longestList} more failed targets.`, "");
  lines.push(style(bad.length > 0 ? "red" : "green", verdict(total)));
  return lines.join("\n");
}

function verdict(total: RolloutSummary): string {
  const bad = total.failed + total.inDoubt;
  const rest =
    total.notExecuted > 0 ? `, ${counted(total.notExecuted, "target")} not executed` : "";
  if (bad > 0) return `${bad} of ${counted(total.targets, "target")} failed${rest}.`;
  if (total.notExecuted > 0)
    return `Stopped: ${counted(total.notExecuted, "target")} not executed.`;
  if (total.targets === 0) return "Nothing to do: the selection has no targets.";
  if (total.applied === 0) return `Nothing to do: ${counted(total.targets, "target")} at head.`;
  return `Done: ${counted(total.applied, "migration")} applied, ${counted(total.targets, "target")} at head.`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
