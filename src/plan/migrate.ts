import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { Creation, Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf } from "../ledger/digest.ts";
import { type ContractFacts, type ContractRule, heldContracts, heldProblems } from "./contracts.ts";
import { type History, isComplete, lateMigrations, matchEntries } from "./history.ts";
import {
  accessProblems,
  editedProblems,
  emptyLedgerProblems,
  outOfOrderProblems,
  unfinishedDownProblem,
  unknownProblems,
} from "./problems.ts";

/** What a rollout is allowed to do, and how far it goes. */
export interface PlanRules {
  /** Apply migrations that were merged after later ones; otherwise they are a problem. */
  readonly allowOutOfOrder: boolean;
  /** The last migration to apply; by default, head. */
  readonly to?: string;
  /** Which contracts to apply; by default none. */
  readonly contract?: ContractRule;
  /** What the database says about contracts. */
  readonly facts?: ContractFacts | undefined;
}

/**
 * Plans to apply the missing migrations of one target. What is missing depends on the tags in its ledger, never on
 * timestamps.
 *
 * @param history the service's migrations, in order
 * @param state the state of the target's ledger
 */
export function planTarget(
  target: Target,
  history: History,
  state: LedgerState,
  rules: PlanRules,
): TargetPlan {
  const entries = state.kind === "ledger" ? state.entries : [];
  const { byTag, strange, downs } = matchEntries(history, entries);
  const { contract = "hold", facts = {} } = rules;
  const held = heldContracts(history, state, byTag, contract, facts);
  const isHeld = new Set(held.map(({ tag }) => tag));
  const missing = history.migrations.filter(
    ({ tag }) => !isComplete(byTag.get(tag)) && !isHeld.has(tag),
  );
  const wanted = upTo(rules.to, missing, history);
  const late = lateMigrations(history, byTag);
  const problems = [
    ...accessProblems(target, state),
    ...(wanted.length > 0 ? emptyLedgerProblems(target, state) : []),
    ...unknownProblems(strange),
    ...downs.map((down) => unfinishedDownProblem(history, byTag, down)),
    ...editedProblems(history, byTag),
    ...(rules.allowOutOfOrder ? [] : outOfOrderProblems(late, history, byTag)),
    ...heldProblems(wanted, held),
  ];
  const isPrefix = isAsRecorded(history, byTag) && leavesNoGap(history, byTag, wanted);
  return {
    target,
    current: history.migrations.findLast(({ tag }) => isComplete(byTag.get(tag)))?.tag,
    steps: problems.length > 0 ? [] : stepsFor(wanted, entries, isPrefix ? history : undefined),
    pending: missing.length,
    ...(held.length === 0 ? {} : { held }),
    problems,
    create: creation(state),
    sealed: canBeSealed(state),
  };
}

/** True if steps can seal the ledger: its seal is intact, or they create it. */
export function canBeSealed(state: LedgerState): boolean {
  return state.kind === "ledger"
    ? state.sealed === true
    : state.kind === "noSchema" || state.kind === "noLedger";
}

/** True when the ledger has the same tags and checksums as the history, so that their digests are the same. */
function isAsRecorded({ migrations }: History, byTag: ReadonlyMap<string, LedgerEntry>): boolean {
  return migrations.every(({ tag, checksum }) => {
    const entry = byTag.get(tag);
    return entry === undefined || (entry.tag === tag && entry.checksum === checksum);
  });
}

/** True when the applied and the wanted migrations together are a prefix of the history. */
function leavesNoGap(
  { migrations }: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
  wanted: readonly Migration[],
): boolean {
  const later = new Set(wanted.map(({ tag }) => tag));
  const isThere = ({ tag }: Migration) => isComplete(byTag.get(tag)) || later.has(tag);
  const gap = migrations.findIndex((migration) => !isThere(migration));
  const lastApplied = migrations.findLastIndex(({ tag }) => byTag.has(tag));
  const firstWanted = migrations.findIndex(({ tag }) => later.has(tag));
  const lastWanted = migrations.findLastIndex(({ tag }) => later.has(tag));
  const isPrefix = gap < 0 || gap > Math.max(lastApplied, lastWanted);
  // A partly applied migration is both.
  return isPrefix && (firstWanted < 0 || firstWanted >= lastApplied);
}

function creation(state: LedgerState): Creation {
  if (state.kind === "noSchema") return "schemaAndLedger";
  return state.kind === "noLedger" ? "ledger" : "nothing";
}

function upTo(
  tag: string | undefined,
  missing: readonly Migration[],
  { migrations }: History,
): readonly Migration[] {
  if (tag === undefined) return missing;
  const last = migrations.findIndex((migration) => migration.tag === tag);
  const wanted = new Set(migrations.slice(0, last + 1));
  return missing.filter((migration) => wanted.has(migration));
}

/**
 * The steps of targets whose ledgers share their entries, by the missing migrations: without the digests of a prefix, each
 * step costs a digest of the complete ledger.
 */
const computed = new WeakMap<readonly LedgerEntry[], Map<string, Step[]>>();

function stepsFor(
  missing: readonly Migration[],
  entries: readonly LedgerEntry[],
  history: History | undefined,
): Step[] {
  if (history !== undefined) return newSteps(missing, entries, history);
  const key = JSON.stringify(missing.map(({ tag, checksum }) => [tag, checksum]));
  const known = computed.get(entries) ?? new Map<string, Step[]>();
  const steps = known.get(key) ?? newSteps(missing, entries, undefined);
  known.set(key, steps);
  computed.set(entries, known);
  return steps;
}

/** @param history given when the applied migrations are a prefix of it: its digests can then be used */
function newSteps(
  missing: readonly Migration[],
  entries: readonly LedgerEntry[],
  history: History | undefined,
): Step[] {
  const byTag = new Map(entries.map((entry) => [entry.tag, entry]));
  const complete = entries.filter((entry) => isComplete(entry));
  return missing.map(({ tag, checksum }, index) => {
    const entry = byTag.get(tag);
    // If the applied migrations are a prefix, only the first step can be partly applied.
    const known =
      entry === undefined || index > 0 ? history?.digests[complete.length + index] : undefined;
    return {
      action: "apply",
      tag,
      checksum,
      resumeAt: entry?.partial?.applied ?? 0,
      resumeChecksum: entry?.partial?.appliedChecksum ?? "",
      begun: entry?.partial?.begun === true,
      ...(entry?.partial?.batch === undefined ? {} : { batch: entry.partial.batch }),
      ledger: known ?? digestOf(ledgerAfter(missing.slice(0, index), entries)),
      ledgerAfter:
        history?.digests[complete.length + index + 1] ??
        digestOf(ledgerAfter(missing.slice(0, index + 1), entries)),
    };
  });
}

function ledgerAfter(
  applied: readonly Migration[],
  entries: readonly LedgerEntry[],
): LedgerEntry[] {
  const tags = new Set(applied.map(({ tag }) => tag));
  return [
    ...entries.filter(({ tag }) => !tags.has(tag)),
    ...applied.map(({ tag, checksum }) => ({ tag, checksum })),
  ];
}
