import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { PlanProblem, Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";
import { downTag } from "../ledger/down-tag.ts";
import { type History, isComplete, matchEntries } from "./history.ts";
import { canBeSealed } from "./migrate.ts";
import {
  accessProblems,
  editedProblems,
  unfinishedDownProblem,
  unknownProblems,
} from "./problems.ts";

/** How far to go back: by a number of migrations, to a tag that stays applied, or to before the first migration. */
export type DowngradeGoal =
  | { readonly count: number }
  | { readonly tag: string }
  | { readonly base: true };

/**
 * Plans to revert migrations of one target, newest first. Only migrations in its ledger are reverted.
 *
 * @param history the service's migrations, in order
 * @param state the state of the target's ledger
 */
export function planTargetDowngrade(
  target: Target,
  history: History,
  state: LedgerState,
  goal: DowngradeGoal,
): TargetPlan {
  const entries = state.kind === "ledger" ? state.entries : [];
  const { byTag, strange, downs } = matchEntries(history, entries);
  const applied = history.migrations.filter(({ tag }) => byTag.has(tag));
  const back = migrationsToRevert(goal, applied, history).toReversed();
  const problems = [
    ...accessProblems(target, state),
    ...unknownProblems(strange),
    ...editedProblems(history, byTag),
    ...unfinishedProblems(byTag),
    ...otherDownProblems(downs, back, history, byTag),
  ];
  const reverted = new Set(back.map(({ tag }) => tag));
  const floor = applied.findLast(
    ({ tag, contract }) => contract !== undefined && !reverted.has(tag),
  );
  return {
    target,
    current: applied.at(-1)?.tag,
    steps: problems.length > 0 ? [] : stepsBack(back, byTag, entries),
    pending: back.length,
    ...(floor === undefined ? {} : { floor: floor.tag }),
    problems,
    create: "nothing",
    sealed: canBeSealed(state),
  };
}

/**
 * The goal of a plan as a tag, which does not change while the plan runs. A count would revert one migration too many if the
 * target is planned again after a lost answer.
 */
export function goalOf({ steps }: TargetPlan, { migrations }: History): DowngradeGoal | undefined {
  const oldest = migrations.findIndex(({ tag }) => tag === steps.at(-1)?.tag);
  if (oldest < 0) return undefined;
  const stays = migrations[oldest - 1];
  return stays === undefined ? { base: true } : { tag: stays.tag };
}

function migrationsToRevert(
  goal: DowngradeGoal,
  applied: readonly Migration[],
  { migrations }: History,
): readonly Migration[] {
  if ("count" in goal) return applied.slice(Math.max(0, applied.length - goal.count));
  if ("base" in goal) return applied;
  const last = migrations.findIndex(({ tag }) => tag === goal.tag);
  const kept = new Set(migrations.slice(0, last + 1));
  return applied.filter((migration) => !kept.has(migration));
}

function stepsBack(
  back: readonly Migration[],
  byTag: ReadonlyMap<string, LedgerEntry>,
  entries: readonly LedgerEntry[],
): Step[] {
  let remaining = [...entries];
  return back.map(({ tag }): Step => {
    const recordedAs = byTag.get(tag)?.tag ?? tag;
    const under = remaining.find((entry) => entry.tag === downTag(recordedAs));
    const before = digestOf(remaining);
    remaining = remaining.filter((entry) => entry.tag !== recordedAs && entry !== under);
    return {
      action: "downgrade",
      tag,
      ...(recordedAs === tag ? {} : { recordedAs }),
      checksum: byTag.get(tag)?.checksum ?? "",
      resumeAt: under?.partial?.applied ?? 0,
      resumeChecksum: under?.partial?.appliedChecksum ?? "",
      begun: under?.partial?.begun === true,
      ...(under?.partial?.batch === undefined ? {} : { batch: under.partial.batch }),
      ledger: before,
      ledgerAfter: digestOf(remaining),
    };
  });
}

/** A partly applied migration cannot be reverted: its down assumes the complete migration. */
function unfinishedProblems(byTag: ReadonlyMap<string, LedgerEntry>): PlanProblem[] {
  return [...byTag].flatMap(([tag, entry]) =>
    isComplete(entry)
      ? []
      : {
          kind: "unfinished" as const,
          tag,
          message: `${tag} is only partly applied: it was interrupted between two of its transactions`,
          remedy: "To finish it before the downgrade, run: npx drizzle-fleet migrate",
        },
  );
}

/** An interrupted down must continue first, or ledger and schema no longer match. */
function otherDownProblems(
  downs: readonly LedgerEntry[],
  back: readonly Migration[],
  history: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
): PlanProblem[] {
  const [first] = back;
  const expected =
    first === undefined ? undefined : downTag(byTag.get(first.tag)?.tag ?? first.tag);
  return downs
    .filter(({ tag }) => tag !== expected)
    .map((down) => unfinishedDownProblem(history, byTag, down));
}
