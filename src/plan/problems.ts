import { countedRelations } from "../core/count.ts";
import { type LedgerEntry, type LedgerState, ledgerName } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { PlanProblem } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { downTag } from "../ledger/down-tag.ts";
import { ledgerOf } from "../ledger/table.ts";
import { editedMigrations, type History } from "./history.ts";

/** Problems that prevent any change of a target. */
export function accessProblems(target: Target, state: LedgerState): PlanProblem[] {
  return [
    ...unreadableProblems(target, state),
    ...duplicateProblems(target, state),
    ...lockedProblems(target, state),
    ...unmanagedProblems(target, state),
  ];
}

function duplicateProblems({ schema }: Target, state: LedgerState): PlanProblem[] {
  const entries = state.kind === "ledger" ? state.entries : [];
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { tag } of entries) (seen.has(tag) ? twice : seen).add(tag);
  const ledger = ledgerOf(schema);
  return [...twice].map((tag) => ({
    kind: "unsound",
    tag,
    message: `the ledger of schema "${schema}" has more than one row for ${tag}: its primary key is missing`,
    remedy: `Delete all rows but the correct one. Then, to restore the key, run: ALTER TABLE ${ledger} ADD PRIMARY KEY (tag)`,
  }));
}

/** An empty ledger in a schema with tables: every migration would run again. */
export function emptyLedgerProblems(target: Target, state: LedgerState): PlanProblem[] {
  if (state.kind !== "ledger" || state.relations === undefined) return [];
  return [
    {
      kind: "unmanaged",
      tag: undefined,
      message: `the ledger of schema "${target.schema}" is empty, but the schema contains ${countedRelations(state.relations)}`,
      remedy: `If the migrations did not create them, move them to another schema. If they did, replace <tag> with the newest of those migrations, and run: ${stampCommand(target)}`,
    },
  ];
}

/** Stamps this target only: without a selection, stamp writes every ledger. */
function stampCommand({ service, tenant }: Target): string {
  const only = tenant === undefined ? "" : ` --tenant ${tenant}`;
  return `npx drizzle-fleet stamp <tag> --service ${service}${only}`;
}

function unreadableProblems(target: Target, state: LedgerState): PlanProblem[] {
  if (state.kind !== "unreadable") return [];
  return [
    {
      kind: "unreadable",
      tag: undefined,
      message: `the ledger of schema "${target.schema}" cannot be read with this role`,
      remedy: `Grant the migrating role USAGE on the schema and SELECT on its ${ledgerName}, or migrate as their owner.`,
    },
  ];
}

function lockedProblems(target: Target, state: LedgerState): PlanProblem[] {
  if (state.kind !== "locked") return [];
  return [
    {
      kind: "locked",
      tag: undefined,
      message: `the ledger of schema "${target.schema}" is locked by another session`,
      remedy: "Wait until that session's transaction has ended, then run the same command again.",
    },
  ];
}

function unmanagedProblems(target: Target, state: LedgerState): PlanProblem[] {
  if (state.kind !== "noLedger" || state.relations === 0) return [];
  return [
    {
      kind: "unmanaged",
      tag: undefined,
      message: `schema "${target.schema}" contains ${countedRelations(state.relations)}, but no ledger`,
      remedy: `If the migrations did not create them, move them to another schema, or choose another schema for this target. If they did, replace <tag> with the newest of those migrations, and run: ${stampCommand(target)}`,
    },
  ];
}

/** Problems for ledger entries that match no migration on disk. */
export function unknownProblems(strange: readonly LedgerEntry[]): PlanProblem[] {
  return strange.map(({ tag }) => ({
    kind: "unknown",
    tag,
    message: `${tag} is applied to this target, but is not among the migrations on disk`,
    remedy:
      "Check out a version of the repository that has this migration: the current checkout is older, or the file was deleted.",
  }));
}

/** The problem of an interrupted down. Only the same downgrade can continue it. */
export function unfinishedDownProblem(
  { migrations }: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
  { tag: own }: LedgerEntry,
): PlanProblem {
  const recordedDown = ({ tag }: Migration) => downTag(byTag.get(tag)?.tag ?? tag);
  const index = migrations.findIndex((migration) => recordedDown(migration) === own);
  const tag = migrations[index]?.tag ?? own;
  // A tag, because a count would include migrations that the interrupted downgrade has already reverted.
  const goal = migrations[index - 1]?.tag ?? "base";
  return {
    kind: "unfinished",
    tag,
    message: `a downgrade was interrupted in the middle of ${tag}`,
    remedy:
      index < 0
        ? "Check out the version of the repository that has this migration, then run the same downgrade again."
        : `To continue it, run: npx drizzle-fleet downgrade ${goal}`,
  };
}

/** Problems for migrations that were edited after they were applied. */
export function editedProblems(
  history: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
): PlanProblem[] {
  return editedMigrations(history, byTag).map(({ tag, file }) => ({
    kind: "edited",
    tag,
    message: `${tag} was edited after it was applied to this target`,
    remedy: `Restore ${file} as it was released, and put the change into a new migration. Or, to accept the file as it is now, run: npx drizzle-fleet repair`,
  }));
}

/** Problems for migrations that are not applied although a later one is. */
export function outOfOrderProblems(
  late: readonly Migration[],
  history: History,
  byTag: ReadonlyMap<string, LedgerEntry>,
): PlanProblem[] {
  const newest = history.migrations.findLast(({ tag }) => byTag.has(tag));
  return late.map(({ tag }) => ({
    kind: "outOfOrder",
    tag,
    message: `${tag} is not applied, but ${newest?.tag} after it is`,
    remedy:
      "It was merged after later migrations. Generate it again after the newest migration, so that all targets have the same order. Or, if the order does not matter, run: npx drizzle-fleet migrate --allow-out-of-order",
  }));
}
