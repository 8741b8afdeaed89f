import { type Amount, amountOf } from "../core/amount.ts";
import type { Clock } from "../core/clock.ts";
import { systemClock } from "../core/clock.ts";
import { type FleetError, isFleetError } from "../core/errors.ts";
import type { TargetStatus } from "../core/plan.ts";
import type { Context } from "../fleet/context.ts";
import { readStatus } from "../fleet/target-status.ts";
import type { Selection } from "../tenants/targets.ts";

/** The first pause between two looks, and the longest one, in milliseconds. */
const [shortestPause, longestPause] = [500, 10_000];

/** What to wait for, and how long. */
export interface WaitRequest extends Selection {
  /** How long to wait, in milliseconds, from 0. With 0 it looks once. */
  readonly timeoutMs: number;
  /** How many targets may be missing: a number, or a share of the selected targets, rounded down. Default: 0. */
  readonly acceptFailures?: Amount;
}

/** What a look at the fleet found. */
export interface WaitResult {
  /** True if no more targets are missing than accepted. */
  readonly ready: boolean;
  /** Every selected target; empty if the databases could not be read. */
  readonly targets: readonly TargetStatus[];
  /** The targets that lack a migration, or cannot be read. */
  readonly missing: readonly TargetStatus[];
  /** Why the fleet could not be read. */
  readonly error?: FleetError;
}

/** What a look does not depend on. */
export interface WaitHooks {
  /** Receives every result that does not end the wait. */
  readonly onLook?: (result: WaitResult) => void;
  readonly clock?: Clock;
}

/**
 * Waits until every selected target has all migrations of this checkout. A target that also has newer migrations counts,
 * so that a program of an earlier release can restart while a later one is rolled out. Databases that cannot be reached
 * yet, and schemas that do not exist yet, are waited for. Changes nothing.
 *
 * @returns the last look: not `ready` if the time has passed
 * @throws FleetError as `status` does, except for databases that cannot be reached
 * @example
 * const { ready } = await waitForHead(context, { services: [], tenants: [], databases: [], timeoutMs: 600_000 });
 */
export async function waitForHead(
  context: Context,
  request: WaitRequest,
  { onLook, clock = systemClock }: WaitHooks = {},
): Promise<WaitResult> {
  const deadline = clock.now() + request.timeoutMs;
  for (let pause = shortestPause; ; pause = Math.min(pause * 1.5, longestPause)) {
    const found = await look(context, request);
    const left = deadline - clock.now();
    if (found.ready || left <= 0 || context.signal?.aborted === true) return found;
    onLook?.(found);
    await clock.sleep(Math.min(pause, left), context.signal);
  }
}

async function look(context: Context, request: WaitRequest): Promise<WaitResult> {
  try {
    const targets = await readStatus(context, request);
    const missing = targets.filter((target) => !hasAll(target));
    const limit =
      request.acceptFailures === undefined ? 0 : amountOf(request.acceptFailures, targets.length);
    return { ready: missing.length <= limit, targets, missing };
  } catch (error) {
    if (!isFleetError(error) || error.code !== "unreachable") throw error;
    return { ready: false, targets: [], missing: [], error };
  }
}

/** True if no migration of this checkout is missing. */
function hasAll({ pending, problems }: TargetStatus): boolean {
  return pending === 0 && problems.every(({ kind }) => kind === "unknown");
}
