import type { LedgerState } from "../core/ledger.ts";
import type { Direction } from "../core/rollout.ts";
import { type History, isComplete, matchEntries } from "./history.ts";

/** How far a target is, by its ledger: positions in its service's history. */
export interface TargetPosition {
  /** The first migration that is not applied, or only in part; the history's length when all are. */
  readonly missing: number;
  /** The newest migration that is applied, if only in part; -1 for none. */
  readonly newest: number;
}

/** Where a target stands. */
export function positionOf(history: History, state: LedgerState): TargetPosition {
  const { byTag } = matchEntries(history, state.kind === "ledger" ? state.entries : []);
  const missing = history.migrations.findIndex(({ tag }) => !isComplete(byTag.get(tag)));
  return {
    missing: missing < 0 ? history.migrations.length : missing,
    newest: history.migrations.findLastIndex(({ tag }) => byTag.has(tag)),
  };
}

/**
 * True when a target is not where a rollout was to bring it.
 *
 * @param end the newest migration it is to have: null for none, undefined when that is not known
 */
export function isBehind(
  { missing, newest }: TargetPosition,
  { migrations }: History,
  direction: Direction,
  end: string | null | undefined,
): boolean {
  const position = migrations.findIndex(({ tag }) => tag === end);
  if (direction === "down") return end === null ? newest >= 0 : position >= 0 && newest > position;
  if (end === null) return false;
  // A migration that is not on disk any more, or has another name there: then head is the best that is known.
  return missing <= (position < 0 ? migrations.length - 1 : position);
}

/** A rollout that had a target among its own. */
export interface EarlierRollout {
  readonly direction: Direction;
  /** As for `isShort`. */
  readonly end: string | null | undefined;
  /** True when it was asked for the same as now: to go to head, or to the same migration. */
  readonly same: boolean;
  /** True when it failed at the target. */
  readonly failed: boolean;
}

/**
 * True when something of the kept rollouts is left to do at a target: it failed there, or was to bring the target
 * further than it is. What its ledger says counts; an outcome only says that there was a failure.
 *
 * @param passed the rollouts that had the target among their own, the newest first
 * @param troubled true when a problem keeps the target from being planned
 */
export function isUnfinished(
  standing: TargetPosition,
  history: History,
  direction: Direction,
  passed: readonly EarlierRollout[],
  troubled: boolean,
): boolean {
  // A rollout the other way ends what was only left undone. A failure counts until the same is asked for again.
  let turned = false;
  for (const { direction: way, end, same, failed } of passed) {
    if (way !== direction) turned ||= !failed;
    else if (failed) {
      // What cannot be compared is left to the plan, which finds nothing to do where all is done.
      if (troubled || !isKnown(history, end) || isBehind(standing, history, direction, end))
        return true;
    } else {
      if (!turned && isBehind(standing, history, direction, end)) return true;
      if (same) return false;
    }
  }
  return false;
}

function isKnown({ migrations }: History, end: string | null | undefined): boolean {
  return end === null || migrations.some(({ tag }) => tag === end);
}
