import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import type { PlanProblem, StampedEntry, Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";
import type { History } from "./history.ts";
import { planTarget } from "./migrate.ts";

/** The migrations that a ledger will have: all, those up to a tag, none, or exactly the given ones. */
export type StampGoal =
  | { readonly head: true }
  | { readonly tag: string }
  | { readonly base: true }
  | { readonly entries: readonly StampedEntry[] };

/**
 * Plans to replace the entries of one target's ledger: one step, which runs no migration. Unknown, edited or unfinished
 * migrations in the ledger are no problem. A missing ledger is created.
 *
 * @param history the service's migrations, in order
 * @param state the state of the target's ledger
 */
export function planTargetStamp(
  target: Target,
  history: History,
  state: LedgerState,
  goal: StampGoal,
): TargetPlan {
  const plan = planTarget(target, history, state, { allowOutOfOrder: true });
  const wanted = wantedEntries(history, goal);
  const problems = [
    ...plan.problems.filter(({ kind }) => kind === "unreadable" || kind === "locked"),
    ...(wanted.length > 0 ? noSchemaProblems(state) : []),
  ];
  const steps = problems.length > 0 ? [] : stepsFor(history, state, wanted);
  return { ...plan, steps, problems, create: state.kind === "noLedger" ? "ledger" : "nothing" };
}

/** The tag of a step that empties a ledger. */
const baseTag = "base";

function wantedEntries(history: History, goal: StampGoal): readonly StampedEntry[] {
  if ("entries" in goal) return goal.entries;
  const { migrations, digests, known } = history;
  const count = "tag" in goal ? migrations.findIndex(({ tag }) => tag === goal.tag) + 1 : 0;
  return known.get(digests["head" in goal ? migrations.length : count] ?? "") ?? [];
}

function stepsFor(history: History, state: LedgerState, wanted: readonly StampedEntry[]): Step[] {
  if (state.kind === "noSchema") return [];
  const recorded = state.kind === "ledger" ? state.entries : [];
  const ledger = digestIn(history, recorded);
  if (state.kind === "ledger" && ledger === digestIn(history, wanted)) return [];
  const { tag, checksum } = wanted.at(-1) ?? { tag: baseTag, checksum: "" };
  return [
    {
      action: "stamp",
      tag,
      checksum,
      entries: wanted,
      resumeAt: 0,
      resumeChecksum: "",
      begun: false,
      ledger,
      ledgerAfter: digestIn(history, wanted),
    },
  ];
}

/** Uses the known digest if the entries are a prefix of the history, as in most ledgers. */
function digestIn({ digests, known }: History, entries: readonly LedgerEntry[]): string {
  const digest = digests[entries.length] ?? "";
  return known.get(digest) === entries ? digest : digestOf(entries);
}

/** Nothing can be recorded for a tenant without a schema. */
export function noSchemaProblems(state: LedgerState): PlanProblem[] {
  if (state.kind !== "noSchema") return [];
  return [
    {
      kind: "noSchema",
      tag: undefined,
      message: "the tenant schema does not exist, so no migration can have been applied",
      remedy:
        "If the name of the tenant or schema is wrong, correct it. Otherwise, to create the schema and apply all migrations, run: npx drizzle-fleet migrate",
    },
  ];
}
