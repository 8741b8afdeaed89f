import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import type { PlanProblem, StampedEntry, Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";
import { type History, matchEntries } from "./history.ts";
import { planTarget } from "./migrate.ts";

/**
 * The migrations that a ledger will have: all, those up to a tag, none, or exactly the given ones. A contract before the last
 * one is recorded only if the ledger has it already, or with `contract`: without being asked, nothing records that it ran.
 */
export type StampGoal =
  | { readonly head: true; readonly contract?: boolean }
  | { readonly tag: string; readonly contract?: boolean }
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
  const wanted = wantedEntries(history, state, goal);
  const problems = [
    ...plan.problems.filter(({ kind }) => kind === "unreadable" || kind === "locked"),
    ...(wanted.length > 0 ? noSchemaProblems(state) : []),
  ];
  const steps = problems.length > 0 ? [] : stepsFor(history, state, wanted);
  const { held: _, ...rest } = plan;
  return { ...rest, steps, problems, create: state.kind === "noLedger" ? "ledger" : "nothing" };
}

/** The tag of a step that empties a ledger. */
const baseTag = "base";

function wantedEntries(
  history: History,
  state: LedgerState,
  goal: StampGoal,
): readonly StampedEntry[] {
  if ("entries" in goal) return goal.entries;
  if ("base" in goal) return [];
  const { migrations, digests, known } = history;
  const named = "tag" in goal ? goal.tag : undefined;
  const count =
    named === undefined ? migrations.length : migrations.findIndex(({ tag }) => tag === named) + 1;
  const all = known.get(digests[count] ?? "") ?? [];
  if (goal.contract === true) return all;
  const { byTag } = matchEntries(history, state.kind === "ledger" ? state.entries : []);
  const left = new Set(
    history.contracts.flatMap(({ tag }) => (byTag.has(tag) || tag === named ? [] : tag)),
  );
  const kept = all.filter(({ tag }) => !left.has(tag));
  return kept.length === all.length ? all : (known.get(digestOf(kept)) ?? kept);
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
