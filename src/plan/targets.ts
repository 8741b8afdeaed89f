import type { LedgerState } from "../core/ledger.ts";
import type { Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { ContractFacts } from "./contracts.ts";
import { type History, historyOf } from "./history.ts";

/** Plans one target from its service's history, the state of its ledger, and what its database says about contracts. Pure. */
export type Planner = (
  target: Target,
  history: History,
  state: LedgerState,
  facts?: ContractFacts,
) => TargetPlan;

/** Plans every target of a fleet. Pure: the same input gives the same plans. */
export function planTargets(
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  stateOf: (target: Target) => LedgerState,
  planOne: Planner,
  factsOf: (target: Target) => ContractFacts | undefined = () => undefined,
): TargetPlan[] {
  const empty = historyOf([]);
  // Targets in the same state share one list of steps, because a large fleet has few different states.
  const shared = new Map<string, Step[]>();
  const share = (service: string, steps: Step[]): Step[] => {
    // Targets in the same state can differ in the contracts that are ripe.
    const key = JSON.stringify([service, steps[0], steps.at(-1)?.ledgerAfter]);
    const first = shared.get(key) ?? steps;
    shared.set(key, first);
    return first;
  };
  return targets.map((target) => {
    const history = histories.get(target.service) ?? empty;
    const plan = planOne(target, history, stateOf(target), factsOf(target));
    return plan.steps.length === 0
      ? plan
      : { ...plan, steps: share(target.service, [...plan.steps]) };
  });
}
