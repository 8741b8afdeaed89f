import type { LedgerState } from "../core/ledger.ts";
import type { HeldContract } from "../core/plan.ts";
import type { Direction } from "../core/rollout.ts";
import { type History, isComplete, matchEntries } from "./history.ts";

/** How far a target is according to its ledger, as indexes into its service's history. */
export interface TargetPosition {
  /** The first migration that is not applied completely; the history's length if all are. */
  readonly missing: number;
  /** The newest migration that is at least partly applied; -1 for none. */
  readonly newest: number;
}

/**
 * How far a target is.
 *
 * @param held the contracts that are held back: they are not missing
 */
export function positionOf(
  history: History,
  state: LedgerState,
  held: readonly HeldContract[] = [],
): TargetPosition {
  const { byTag } = matchEntries(history, state.kind === "ledger" ? state.entries : []);
  const isHeld = new Set(held.map(({ tag }) => tag));
  const missing = history.migrations.findIndex(
    ({ tag }) => !isComplete(byTag.get(tag)) && !isHeld.has(tag),
  );
  return {
    missing: missing < 0 ? history.migrations.length : missing,
    newest: history.migrations.findLastIndex(({ tag }) => byTag.has(tag)),
  };
}

/**
 * True when a target has not reached the goal of a rollout.
 *
 * @param end the newest migration it should have: null for none, undefined if unknown
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
  // If the migration is no longer on disk under this name, head is the best guess.
  return missing <= (position < 0 ? migrations.length - 1 : position);
}

/** An earlier rollout that included a target. */
export interface EarlierRollout {
  readonly direction: Direction;
  /** As in `isBehind`. */
  readonly end: string | null | undefined;
  /** True when it had the same goal as the current one: head, or the same migration. */
  readonly same: boolean;
  /** True when the target failed. */
  readonly failed: boolean;
}

/** What is known about a target and the earlier rollouts that included it. */
export interface EarlierWork {
  readonly position: TargetPosition;
  readonly direction: Direction;
  /** Newest first. */
  readonly rollouts: readonly EarlierRollout[];
  /** True when a problem prevents planning the target. */
  readonly hasProblem: boolean;
}

/**
 * True when an earlier rollout left something to do for a target: it failed, or did not reach its goal. The ledger decides;
 * an outcome only shows that there was a failure.
 */
export function isUnfinished(
  { position, direction, rollouts, hasProblem }: EarlierWork,
  history: History,
): boolean {
  // A later rollout in the other direction cancels what was left undone, but not a failure: that counts until there is a
  // rollout with the same goal.
  let turned = false;
  for (const { direction: way, end, same, failed } of rollouts) {
    if (way !== direction) turned ||= !failed;
    else if (failed) {
      // If the goal cannot be compared, the plan decides: it has no steps if nothing is left to do.
      if (hasProblem || !isKnown(history, end) || isBehind(position, history, direction, end))
        return true;
    } else {
      if (!turned && isBehind(position, history, direction, end)) return true;
      if (same) return false;
    }
  }
  return false;
}

function isKnown({ migrations }: History, end: string | null | undefined): boolean {
  return end === null || migrations.some(({ tag }) => tag === end);
}
