import type { LedgerState } from "../core/ledger.ts";
import type { Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { type History, historyOf } from "./history.ts";

/** Plans one target from its service's history and the state of its ledger. Pure. */
export type Planner = (target: Target, history: History, state: LedgerState) => TargetPlan;

/** Plans every target of a fleet. Pure: the same input gives the same plans. */
export function planTargets(
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  stateOf: (target: Target) => LedgerState,
  planOne: Planner,
): TargetPlan[] {
  const empty = historyOf([]);
  // Targets in the same state share one list of steps, because a large fleet has few different states.
  const shared = new Map<string, Step[]>();
  const share = (service: string, steps: Step[]): Step[] => {
    const key = JSON.stringify([service, steps[0]]);
    const first = shared.get(key) ?? steps;
    shared.set(key, first);
    return first;
  };
  return targets.map((target) => {
    const history = histories.get(target.service) ?? empty;
    const plan = planOne(target, history, stateOf(target));
    return plan.steps.length === 0
      ? plan
      : { ...plan, steps: share(target.service, [...plan.steps]) };
  });
}
