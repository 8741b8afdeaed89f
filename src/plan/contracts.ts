import type { LedgerEntry, LedgerState } from "../core/ledger.ts";
import type { Migration } from "../core/migration.ts";
import type { HeldContract, PlanProblem } from "../core/plan.ts";
import { type History, historyOf } from "./history.ts";

/** Which contracts a plan applies: none, those that have waited long enough, or all. */
export type ContractRule = "hold" | "ripe" | "all";

/** What a target's database says about its contracts. */
export interface ContractFacts {
  /** The server's time; undefined if it was not asked. */
  readonly now?: Date;
  /** When migrations were applied, by their tags in the ledger. */
  readonly appliedAt?: ReadonlyMap<string, Date>;
  /** For a new target: the contracts that it gets in their place, as the other targets have them. */
  readonly inPlace?: ReadonlySet<string>;
}

/**
 * The contracts that a plan leaves out. One that was begun is not held any more. A new target has no code of an older
 * release of its own, so it gets what the others have, and what later migrations require.
 *
 * @param byTag the entries of the target's ledger
 */
export function heldContracts(
  history: History,
  state: LedgerState,
  byTag: ReadonlyMap<string, LedgerEntry>,
  rule: ContractRule,
  { now, appliedAt, inPlace }: ContractFacts,
): readonly HeldContract[] {
  if (rule === "all" || state.kind === "unreadable" || state.kind === "locked") return [];
  // A retry plans a new target again when it is partly migrated.
  const isNew = byTag.size === 0 || inPlace !== undefined;
  return history.contracts.flatMap((migration): HeldContract[] => {
    const { tag, contract } = migration;
    if (contract === undefined || byTag.has(tag)) return [];
    if (isNew && (inPlace?.has(tag) === true || history.required.has(tag))) return [];
    const { after, waitMs } = contract;
    const since = appliedAt?.get(byTag.get(after)?.tag ?? after);
    const ripeAt = since && new Date(since.getTime() + waitMs);
    const ripe = ripeAt !== undefined && now !== undefined && ripeAt <= now;
    if (rule === "ripe" && ripe) return [];
    return [{ tag, after, ...(ripeAt === undefined ? {} : { ripeAt }), ripe }];
  });
}

/** Problems of migrations that cannot be applied before a contract that is held back. */
export function heldProblems(
  wanted: readonly Migration[],
  held: readonly HeldContract[],
): PlanProblem[] {
  const byTag = new Map(held.map((one) => [one.tag, one]));
  return wanted.flatMap(({ tag, requires = [] }) =>
    requires.flatMap((required): PlanProblem[] => {
      const contract = byTag.get(required);
      if (contract === undefined) return [];
      return [
        {
          kind: "held",
          tag,
          message: `${tag} requires the contract ${required}, which is held back`,
          remedy: `Wait until ${required} is ripe; to see when, run npx drizzle-fleet status. Then run: npx drizzle-fleet migrate --contract`,
        },
      ];
    }),
  );
}

/** A history without the contracts that are held back. */
export function withoutHeld(history: History, held: readonly HeldContract[]): History {
  if (held.length === 0) return history;
  const tags = new Set(held.map(({ tag }) => tag));
  return historyOf(history.migrations.filter(({ tag }) => !tags.has(tag)));
}

/** The newest migration that a target is to have: the last one that is applied or not held back. */
export function headFor(
  { migrations }: History,
  held: readonly HeldContract[] = [],
): string | undefined {
  const tags = new Set(held.map(({ tag }) => tag));
  return migrations.findLast(({ tag }) => !tags.has(tag))?.tag;
}
