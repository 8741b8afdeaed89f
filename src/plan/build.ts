import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { Creation, Plan, PlanProblem, Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";

/** A service's history with what can be known from it before any database is asked. */
export interface History {
  readonly migrations: readonly Migration[];
  /** The digest of a ledger that holds the first N migrations, for N from 0 to all of them. */
  readonly digests: readonly string[];
  /** What those digests stand for. */
  readonly known: ReadonlyMap<string, readonly LedgerEntry[]>;
}

/** Prepares a service's history for planning. */
export function historyOf(migrations: readonly Migration[]): History {
  const entries = migrations.map(({ tag, checksum }): LedgerEntry => ({ tag, checksum }));
  const prefixes = Array.from({ length: entries.length + 1 }, (_, length) =>
    entries.slice(0, length),
  );
  const digests = prefixes.map(digestOf);
  return {
    migrations,
    digests,
    known: new Map(prefixes.map((prefix, length) => [digests[length] ?? "", prefix])),
  };
}

/** Plans a whole rollout as one wave. Pure: the same input gives the same plan. */
export function buildPlan(
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  stateOf: (target: Target) => LedgerState,
): Plan {
  const empty = historyOf([]);
  // A fleet has few different states: targets in the same one share one list of steps.
  const shared = new Map<string, Step[]>();
  const share = (service: string, steps: Step[]): Step[] => {
    const key = JSON.stringify([service, steps[0]]);
    const first = shared.get(key) ?? steps;
    shared.set(key, first);
    return first;
  };
  const wave = targets.map((target) => {
    const plan = planTarget(target, histories.get(target.service) ?? empty, stateOf(target));
    return plan.steps.length === 0
      ? plan
      : { ...plan, steps: share(target.service, [...plan.steps]) };
  });
  return { waves: [wave] };
}

/**
 * Plans one target: the set of tags decides what is missing, never a timestamp.
 *
 * @param history the service's migrations, in order
 * @param state what the target's schema holds
 */
export function planTarget(target: Target, history: History, state: LedgerState): TargetPlan {
  const entries = state.kind === "ledger" ? state.entries : [];
  const byTag = new Map(entries.map((entry) => [entry.tag, entry]));
  const missing = history.migrations.filter(({ tag }) => {
    return !isWhole(byTag.get(tag));
  });
  const problems = [
    ...unreadable(target, state),
    ...unmanaged(target, state),
    ...unknown(history, entries),
    ...edited(history, byTag),
    ...outOfOrder(history, byTag),
  ];
  return {
    target,
    current: history.migrations.findLast(({ tag }) => isWhole(byTag.get(tag)))?.tag,
    steps: problems.length > 0 ? [] : stepsFor(missing, entries, history),
    pending: missing.length,
    problems,
    create: creation(state),
  };
}

function isWhole(entry: LedgerEntry | undefined): boolean {
  return entry !== undefined && entry.partial === undefined;
}

function creation(state: LedgerState): Creation {
  if (state.kind === "noSchema") return "schemaAndLedger";
  return state.kind === "noLedger" ? "ledger" : "nothing";
}

function stepsFor(
  missing: readonly Migration[],
  entries: readonly LedgerEntry[],
  history: History,
): Step[] {
  const complete = history.migrations.length - missing.length;
  return missing.map(({ tag, checksum }, index) => {
    const partial = entries.find((entry) => entry.tag === tag)?.partial;
    return {
      tag,
      checksum,
      resumeAt: partial?.applied ?? 0,
      resumeChecksum: partial?.appliedChecksum ?? "",
      begun: begunOf(
        entries.find((entry) => entry.tag === tag),
        checksum,
      ),
      // Without a problem the applied migrations are a prefix of the history, and at most the first step is partial.
      ledger: partial === undefined ? (history.digests[complete + index] ?? "") : digestOf(entries),
    };
  });
}

function begunOf(entry: LedgerEntry | undefined, checksum: string): Step["begun"] {
  if (entry?.partial?.begun !== true) return "no";
  return entry.checksum === checksum ? "asItStands" : "asItStood";
}

function unreadable(target: Target, state: LedgerState): PlanProblem[] {
  if (state.kind !== "unreadable") return [];
  return [
    {
      kind: "unreadable",
      tag: undefined,
      message: `the ledger of schema "${target.schema}" cannot be read with this role`,
      remedy:
        "Give the migrating role USAGE on the schema and SELECT on its __fleet_ledger, or migrate as their owner.",
    },
  ];
}

function unmanaged(target: Target, state: LedgerState): PlanProblem[] {
  if (state.kind !== "noLedger" || state.relations === 0) return [];
  return [
    {
      kind: "unmanaged",
      tag: undefined,
      message: `schema "${target.schema}" holds ${state.relations} tables, views or sequences, but no ledger`,
      remedy: "Somebody else made them. Move them away, or choose another schema for this target.",
    },
  ];
}

function unknown(history: History, entries: readonly LedgerEntry[]): PlanProblem[] {
  const tags = new Set(history.migrations.map(({ tag }) => tag));
  return entries
    .filter(({ tag }) => !tags.has(tag))
    .map(({ tag }) => ({
      kind: "unknown",
      tag,
      message: `${tag} was applied to this target, but is not among the migrations on disk`,
      remedy:
        "Check out the version of the repository that has it: this one is older, or the file was deleted.",
    }));
}

function edited(history: History, byTag: ReadonlyMap<string, LedgerEntry>): PlanProblem[] {
  return history.migrations
    .filter(({ tag, checksum }) => {
      const entry = byTag.get(tag);
      // A partly applied migration may be corrected behind what was applied; the rollout compares that part.
      return entry !== undefined && entry.partial === undefined && entry.checksum !== checksum;
    })
    .map(({ tag, file }) => ({
      kind: "edited",
      tag,
      message: `${tag} was edited after it was applied to this target`,
      remedy: `Restore ${file} as it was released, and put the change into a new migration.`,
    }));
}

function outOfOrder(history: History, byTag: ReadonlyMap<string, LedgerEntry>): PlanProblem[] {
  const newest = history.migrations.findLastIndex(({ tag }) => byTag.has(tag));
  return history.migrations
    .slice(0, Math.max(newest, 0))
    .filter(({ tag }) => !isWhole(byTag.get(tag)))
    .map(({ tag }) => ({
      kind: "outOfOrder",
      tag,
      message: `${tag} is not applied, though ${history.migrations[newest]?.tag} after it is`,
      remedy:
        "It was merged late. Generate it anew on top of the newest migration, so that every target sees one order.",
    }));
}
