import type { LedgerState } from "../core/ledger.ts";
import type { PlanProblem, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { type History, matchEntries } from "./history.ts";
import {
  appliedElsewhereProblem,
  incompleteProblem,
  noRowsProblem,
  notInTableProblem,
} from "./import-problems.ts";
import type { ImportedRows } from "./match-rows.ts";
import { noSchemaProblems, planTargetStamp } from "./stamp.ts";

/** Plans to record in one target's ledger what another migrator has recorded as applied. */
export function planTargetImport(
  target: Target,
  history: History,
  state: LedgerState,
  imported: ImportedRows,
): TargetPlan {
  const plan = planTargetStamp(target, history, state, { entries: imported.entries });
  const problems = [
    plan.problems,
    noSchemaProblems(state),
    // Before the others, because their remedies would delete ledger entries.
    lostEntryProblems(history, state, imported),
    imported.problems,
    emptySchemaProblems(history, state, imported),
  ].find(({ length }) => length > 0);
  return problems === undefined ? plan : { ...plan, steps: [], problems };
}

/** A table with rows cannot be that of an empty schema, and a table without rows cannot be that of a schema with tables. */
function emptySchemaProblems(
  { migrations }: History,
  state: LedgerState,
  { entries }: ImportedRows,
): PlanProblem[] {
  if (state.kind !== "noLedger" || state.relations > 0 === entries.length > 0) return [];
  const head = migrations.at(-1)?.tag ?? "base";
  if (entries.length > 0) return [appliedElsewhereProblem(head)];
  return state.relations === 0 ? [] : [noRowsProblem(head)];
}

/** Ledger entries that the table does not have were applied after an earlier import, and must not be lost. */
function lostEntryProblems(
  history: History,
  state: LedgerState,
  { entries }: ImportedRows,
): PlanProblem[] {
  if (state.kind !== "ledger") return [];
  const { byTag, strange, downs } = matchEntries(history, state.entries);
  const kept = new Set(entries.map(({ tag }) => tag));
  const tags = [...byTag.keys(), ...[...strange, ...downs].map(({ tag }) => tag)];
  const tag = tags.find((one) => !kept.has(one));
  return tag === undefined ? [] : [notInTableProblem(tag)];
}

/**
 * Refuses tenant schemas with fewer tables than most others after the same migrations. A shared table says the same about
 * all tenants, but a tenant with fewer tables cannot have all of these migrations.
 *
 * @param relations the number of relations in each tenant schema that relies on a shared table
 */
export function refuseFewerRelations(
  plans: readonly TargetPlan[],
  relations: ReadonlyMap<Target, number>,
): TargetPlan[] {
  const stateKey = ({ target, steps }: TargetPlan) =>
    JSON.stringify([target.database, target.service, steps[0]?.tag, steps[0]?.entries?.length]);
  const frequencies = new Map<string, Map<number, number>>();
  for (const plan of plans) {
    const count = relations.get(plan.target);
    if (count === undefined || plan.steps.length === 0) continue;
    const own = frequencies.get(stateKey(plan)) ?? new Map<number, number>();
    frequencies.set(stateKey(plan), own.set(count, (own.get(count) ?? 0) + 1));
  }
  const usual = new Map([...frequencies].map(([key, own]) => [key, mostFrequent(own)]));
  return plans.map((plan) => {
    const count = relations.get(plan.target);
    const most = usual.get(stateKey(plan)) ?? 0;
    if (count === undefined || plan.steps.length === 0 || count >= most) return plan;
    const problem = incompleteProblem(count, most, plan.steps[0]?.tag ?? "base");
    return { ...plan, steps: [], problems: [problem] };
  });
}

/** The most frequent number; of several the largest. */
function mostFrequent(frequencies: ReadonlyMap<number, number>): number {
  const [first] = [...frequencies].sort(
    ([left, often], [right, rare]) => rare - often || right - left,
  );
  return first?.[0] ?? 0;
}
