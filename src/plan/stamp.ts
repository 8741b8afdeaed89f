import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import type { PlanProblem, StampedEntry, Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";
import type { History } from "./history.ts";
import { planTarget } from "./migrate.ts";

/** What a ledger is to say: every migration, those up to one of them, none, or exactly these. */
export type StampGoal =
  | { readonly head: true }
  | { readonly tag: string }
  | { readonly base: true }
  | { readonly entries: readonly StampedEntry[] };

/**
 * Plans to make one target's ledger say what it is told to: one step, which runs nothing. What the ledger says of
 * unknown, edited or unfinished migrations stands in nobody's way; a ledger that is missing is created.
 *
 * @param history the service's migrations, in order
 * @param state what the target's schema holds
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

/** The tag of a step that leaves a ledger empty. */
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
    },
  ];
}

/** Most ledgers of a fleet are one of the history's prefixes, whose digests are there already. */
function digestIn({ digests, known }: History, entries: readonly LedgerEntry[]): string {
  const digest = digests[entries.length] ?? "";
  return known.get(digest) === entries ? digest : digestOf(entries);
}

/** There is nothing to record where there is no schema. */
export function noSchemaProblems(state: LedgerState): PlanProblem[] {
  if (state.kind !== "noSchema") return [];
  return [
    {
      kind: "noSchema",
      tag: undefined,
      message: "the tenant schema does not exist, so that nothing can have been applied",
      remedy:
        "Leave this target to drizzle-fleet migrate, which makes the schema; or correct the name.",
    },
  ];
}
