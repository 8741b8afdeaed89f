import { counted } from "../core/count.ts";
import type { FleetError } from "../core/errors.ts";
import type { TargetStatus } from "../core/plan.ts";
import { targetName } from "../core/target.ts";
import { duration } from "../core/time.ts";
import { errorText } from "./errors.ts";
import { statusText } from "./status.ts";

/** What a look at the fleet found. */
interface Look {
  readonly targets: readonly TargetStatus[];
  readonly missing: readonly TargetStatus[];
  readonly error?: FleetError;
}

/** How many targets are ready, on one line. */
export function readyText({ targets, missing }: Look): string {
  const all = counted(targets.length, "target");
  const ready = missing.length === 0 ? all : `${targets.length - missing.length} of ${all}`;
  return `Ready: ${ready} ${targets.length === 1 ? "has" : "have"} all migrations of this checkout.`;
}

/** What is missing, on one line. */
export function waitText({ targets, missing, error }: Look): string {
  if (error !== undefined) return error.message;
  const all = counted(targets.length, "target");
  const [first] = missing;
  if (first === undefined) return `0 of ${all} not ready`;
  const [problem] = first.problems;
  const why = problem?.message ?? `${counted(first.pending, "migration")} pending`;
  return `${missing.length} of ${all} not ready, such as ${targetName(first.target)} (${why})`;
}

/** Why a wait ended without success. */
export function timedOutText(look: Look, timeoutMs: number): string {
  const head = `Not ready after ${duration(timeoutMs)}.`;
  return look.error === undefined
    ? `${statusText(look.targets, true)}\n${head}`
    : `${head} ${errorText(look.error)}`;
}
