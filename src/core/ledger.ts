import type { BatchPosition } from "./batch.ts";

/** The table in a tenant schema that records the migrations applied to it. */
export const ledgerName = "__fleet_ledger";

/** A row of a ledger: a migration that was applied to the target, completely or in part. */
export interface LedgerEntry {
  readonly tag: string;
  /** sha256 hex of the migration file that was applied. */
  readonly checksum: string;
  /** Set if the migration was interrupted between two segments. */
  readonly partial?: {
    /** The number of its statements that were applied. */
    readonly applied: number;
    /** sha256 hex of the text of those statements, and of one that had begun; shows whether they were edited later. */
    readonly appliedChecksum: string;
    /** True if the next statement, which runs outside a transaction or in batches, may also have run, or in part. */
    readonly begun: boolean;
    /** How far that statement has run in batches. */
    readonly batch?: BatchPosition;
  };
}

/** The state of a target's schema before a rollout. */
export type LedgerState =
  | { readonly kind: "noSchema" }
  /** The role lacks the privilege to read the schema or the ledger. */
  | { readonly kind: "unreadable" }
  /** Another transaction holds a lock that prevents reading the ledger. */
  | { readonly kind: "locked" }
  /** The schema exists without a ledger; `relations` is the number of relations in it. */
  | { readonly kind: "noLedger"; readonly relations: number }
  /** For an empty ledger, `relations` is the number of other relations in the schema. */
  | {
      readonly kind: "ledger";
      readonly entries: readonly LedgerEntry[];
      readonly relations?: number;
      /** True if its seal is intact and the role may renew it, see `ledger/seal.ts`. */
      readonly sealed?: true;
    };
