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

/** What is missing, on one line. */
export function waitText({ targets, missing, error }: Look): string {
  if (error !== undefined) return error.message;
  const all = counted(targets.length, "target");
  const [first] = missing;
  if (first === undefined)
    return `${all} ${targets.length === 1 ? "has" : "have"} all migrations of this checkout`;
  const [problem] = first.problems;
  const why = problem?.message ?? `${counted(first.pending, "migration")} pending`;
  return `${missing.length} of ${all} not ready, such as ${targetName(first.target)} (${why})`;
}

/** Why a wait ended without success. */
export function timedOutText(look: Look, timeoutMs: number): string {
  const head = `Not ready after ${duration(timeoutMs)}.`;
  return look.error === undefined
    ? `${statusText(look.missing)}\n${head}`
    : `${head} ${errorText(look.error)}`;
}
