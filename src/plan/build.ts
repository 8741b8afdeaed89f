import { countedRelations } from "../core/count.ts";
import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { Creation, PlanProblem, Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { digestOf, digestsOfPrefixes } from "../ledger/digest.ts";
import { downTag } from "../ledger/down-tag.ts";
import { ledgerOf } from "../ledger/table.ts";
import { isChecksumOfMigration } from "../source/line-ends.ts";

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
  const digests = digestsOfPrefixes(entries);
  return {
    migrations,
    digests,
    known: new Map(prefixes.map((prefix, length) => [digests[length] ?? "", prefix])),
  };
}

/** What a rollout may do, and how far it goes. */
export interface PlanRules {
  /** Apply migrations that were merged late; otherwise they are a problem. */
  readonly allowOutOfOrder: boolean;
  /** The last migration to apply; undefined goes to head. */
  readonly to?: string;
}

/** Decides what to do with one target, from its service's history and what its schema holds. Pure. */
export type Planner = (target: Target, history: History, state: LedgerState) => TargetPlan;

/** Plans every target of a fleet. Pure: the same input gives the same plans. */
export function planTargets(
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
  stateOf: (target: Target) => LedgerState,
  planOne: Planner,
): TargetPlan[] {
  const empty = historyOf([]);
  // A fleet has few different states: targets in the same one share one list of steps.
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

/**
 * Plans one target: the set of tags decides what is missing, never a timestamp.
 *
 * @param history the service's migrations, in order
 * @param state what the target's schema holds
 */
export function planTarget(
  target: Target,
  history: History,
  state: LedgerState,
  rules: PlanRules,
): TargetPlan {
  const entries = state.kind === "ledger" ? state.entries : [];
  const { byTag, strange, downs } = resolve(history, entries);
  const asRecorded = isAsRecorded(history, byTag);
  const missing = history.migrations.filter(({ tag }) => {
    return !isWhole(byTag.get(tag));
  });
  const wanted = upTo(rules.to, missing, history);
  const late = lateMigrations(history, byTag);
  const problems = [
    ...closed(target, state),
    ...(wanted.length > 0 ? emptied(target, state) : []),
    ...unknown(strange),
    ...downs.map((down) => unfinishedDown(history, byTag, down)),
    ...edited(history, byTag),
    ...(rules.allowOutOfOrder ? [] : outOfOrder(late, history, byTag)),
  ];
  return {
    target,
    current: history.migrations.findLast(({ tag }) => isWhole(byTag.get(tag)))?.tag,
    steps:
      problems.length > 0
        ? []
        : stepsFor(wanted, entries, late.length > 0 || !asRecorded ? undefined : history),
    pending: missing.length,
    problems,
    create: creation(state),
  };
}

/** True when the ledger says of migrations what the history says: then their digests are the same. */
function isAsRecorded({ migrations }: History, byTag: ReadonlyMap<string, LedgerEntry>): boolean {
  return migrations.every(({ tag, checksum }) => {
    const entry = byTag.get(tag);
    return entry === undefined || (entry.tag === tag && entry.checksum === checksum);
  });
}

/** A ledger's entries as the history on disk sees them. */
export interface Resolved {
  /** By the tag that the migration has on disk. */
  readonly byTag: ReadonlyMap<string, LedgerEntry>;
  /** Entries of no migration on disk. */
  readonly strange: readonly LedgerEntry[];
  /** Downs that were cut off between two of their transactions. */
  readonly downs: readonly LedgerEntry[];
}

/**
 * Finds the entry of each migration: by its tag; or, where the folder was converted to drizzle-kit's newer layout
 * since, by its checksum, in the history's order.
 */
export function resolve({ migrations }: History, entries: readonly LedgerEntry[]): Resolved {
  const tags = new Set(migrations.map(({ tag }) => tag));
  const byTag = new Map(
    entries.flatMap((entry) => (tags.has(entry.tag) ? [[entry.tag, entry]] : [])),
  );
  const recorded = new Set(entries.map(({ tag }) => downTag(tag)));
  const others = entries.filter(({ tag }) => !tags.has(tag));
  const downs = others.filter(({ tag }) => recorded.has(tag));
  const free = others
    .filter((entry) => !recorded.has(entry.tag) && isWhole(entry))
    .sort((left, right) => (left.tag < right.tag ? -1 : 1));
  for (const migration of migrations) {
    const { tag } = migration;
    if (byTag.has(tag)) continue;
    const index = free.findIndex((entry) => isChecksumOfMigration(migration, entry.checksum));
    const [entry] = index < 0 ? [] : free.splice(index, 1);
    if (entry !== undefined) byTag.set(tag, entry);
  }
  const found = new Set(byTag.values());
  return {
    byTag,
    strange: others.filter((entry) => !found.has(entry) && !downs.includes(entry)),
    downs,
  };
}

/** True for a migration that is applied to its end. */
export function isWhole(entry: LedgerEntry | undefined): boolean {
  return entry !== undefined && entry.partial === undefined;
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
 * @param history given when the applied migrations are a prefix of it: then its digests are those of the ledgers
 */
function stepsFor(
  missing: readonly Migration[],
  entries: readonly LedgerEntry[],
  history: History | undefined,
): Step[] {
  const byTag = new Map(entries.map((entry) => [entry.tag, entry]));
  const whole = entries.filter((entry) => isWhole(entry));
  return missing.map(({ tag, checksum }, index) => {
    const entry = byTag.get(tag);
    // At most the first step is partial when the applied migrations are a prefix.
    const known =
      entry === undefined || index > 0 ? history?.digests[whole.length + index] : undefined;
    return {
      action: "apply",
      tag,
      checksum,
      resumeAt: entry?.partial?.applied ?? 0,
      resumeChecksum: entry?.partial?.appliedChecksum ?? "",
      begun: entry?.partial?.begun === true,
      ledger: known ?? digestOf(ledgerAfter(missing.slice(0, index), entries)),
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

/** What keeps everybody from a target, whatever is to be done with it. */
export function closed(target: Target, state: LedgerState): PlanProblem[] {
  return [
    ...unreadable(target, state),
    ...unsound(target, state),
    ...locked(target, state),
    ...unmanaged(target, state),
  ];
}

function unsound({ schema }: Target, state: LedgerState): PlanProblem[] {
  const entries = state.kind === "ledger" ? state.entries : [];
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { tag } of entries) (seen.has(tag) ? twice : seen).add(tag);
  const ledger = ledgerOf(schema);
  return [...twice].map((tag) => ({
    kind: "unsound",
    tag,
    message: `the ledger of schema "${schema}" has more than one row for ${tag}: its primary key is missing`,
    remedy: `Delete all but the right one, and restore the key: ALTER TABLE ${ledger} ADD PRIMARY KEY (tag)`,
  }));
}

/** Nothing is recorded, and yet something is there: every migration would run again. */
function emptied({ schema, service, tenant }: Target, state: LedgerState): PlanProblem[] {
  if (state.kind !== "ledger" || state.relations === undefined) return [];
  const only = tenant === undefined ? "" : ` --tenant ${tenant}`;
  return [
    {
      kind: "unmanaged",
      tag: undefined,
      message: `the ledger of schema "${schema}" is empty, though the schema holds ${countedRelations(state.relations)}`,
      remedy: `If they are what the migrations make, record that: drizzle-fleet stamp <tag> --service ${service}${only}. Otherwise move them away.`,
    },
  ];
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

function locked(target: Target, state: LedgerState): PlanProblem[] {
  if (state.kind !== "locked") return [];
  return [
    {
      kind: "locked",
      tag: undefined,
      message: `the ledger of schema "${target.schema}" is locked by another session`,
      remedy: "Run the command again when that session's transaction is over.",
    },
  ];
}

function unmanaged(target: Target, state: LedgerState): PlanProblem[] {
  if (state.kind !== "noLedger" || state.relations === 0) return [];
  return [
    {
      kind: "unmanaged",
      tag: undefined,
      message: `schema "${target.schema}" holds ${countedRelations(state.relations)}, but no ledger`,
      remedy:
        "If they are what the migrations would make, record that with drizzle-fleet stamp. Otherwise move them away, or choose another schema for this target.",
    },
  ];
}

/** Entries of no migration on disk, as problems. */
export function unknown(strange: readonly LedgerEntry[]): PlanProblem[] {
  return strange.map(({ tag }) => ({
    kind: "unknown",
    tag,
    message: `${tag} was applied to this target, but is not among the migrations on disk`,
    remedy:
      "Check out the version of the repository that has it: this one is older, or the file was deleted.",
  }));
}

/** A down that was cut off, as a problem for everything but going on with it. */
export function unfinishedDown(
  { migrations }: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
  { tag: own }: LedgerEntry,
): PlanProblem {
  const recorded = ({ tag }: Migration) => downTag(byTag.get(tag)?.tag ?? tag);
  const index = migrations.findIndex((migration) => recorded(migration) === own);
  const tag = migrations[index]?.tag ?? own;
  // Not so many back: some of them may have been taken back before it.
  const stays = migrations[index - 1]?.tag ?? "base";
  return {
    kind: "unfinished",
    tag,
    message: `a downgrade was cut off in the middle of ${tag}`,
    remedy:
      index < 0
        ? "Check out the version of the repository that has it, and run the same downgrade again."
        : `Let it go on where it stopped: drizzle-fleet downgrade ${stays}`,
  };
}

/** Migrations that were edited, as problems. */
export function edited(history: History, byTag: ReadonlyMap<string, LedgerEntry>): PlanProblem[] {
  return editedMigrations(history, byTag).map(({ tag, file }) => ({
    kind: "edited",
    tag,
    message: `${tag} was edited after it was applied to this target`,
    remedy: `Restore ${file} as it was released, and put the change into a new migration; or accept the file as it is: drizzle-fleet repair.`,
  }));
}

/** The migrations whose file is another than the one that was applied. Line ends are git's to choose, and no edit. */
export function editedMigrations(
  history: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
): Migration[] {
  return history.migrations.filter((migration) => {
    const entry = byTag.get(migration.tag);
    // A partly applied migration may be corrected behind what was applied; the rollout compares that part.
    return (
      entry !== undefined &&
      entry.partial === undefined &&
      !isChecksumOfMigration(migration, entry.checksum)
    );
  });
}

/** Migrations that are not applied, though one behind them is. */
function lateMigrations(history: History, byTag: ReadonlyMap<string, LedgerEntry>): Migration[] {
  const newest = history.migrations.findLastIndex(({ tag }) => byTag.has(tag));
  return history.migrations
    .slice(0, Math.max(newest, 0))
    .filter(({ tag }) => !isWhole(byTag.get(tag)));
}

function outOfOrder(
  late: readonly Migration[],
  history: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
): PlanProblem[] {
  const newest = history.migrations.findLast(({ tag }) => byTag.has(tag));
  return late.map(({ tag }) => ({
    kind: "outOfOrder",
    tag,
    message: `${tag} is not applied, though ${newest?.tag} after it is`,
    remedy:
      "It was merged late. Generate it anew on top of the newest migration, so that every target sees one order; or, if the order does not matter, run migrate --allow-out-of-order.",
  }));
}
