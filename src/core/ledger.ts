/** The table in a tenant schema that says what was applied to it. */
export const ledgerName = "__fleet_ledger";

/** One row of a ledger: a migration that was applied to the target, wholly or in part. */
export interface LedgerEntry {
  readonly tag: string;
  /** sha256 hex of the migration file that was applied. */
  readonly checksum: string;
  /** Set when the migration was cut off between two segments. */
  readonly partial?: {
    /** How many of its statements were applied. */
    readonly applied: number;
    /** sha256 hex of the text of those and of a begun one; tells whether that part of the file was edited since. */
    readonly appliedChecksum: string;
    /** True when the next statement, one that runs outside a transaction, may have been run as well. */
    readonly begun: boolean;
  };
}

/** What a target's schema holds before a rollout. */
export type LedgerState =
  | { readonly kind: "noSchema" }
  /** The role may not look into the schema or the ledger. */
  | { readonly kind: "unreadable" }
  /** Somebody else's transaction keeps everybody from reading the ledger. */
  | { readonly kind: "locked" }
  /** The schema exists without a ledger; `relations` counts what somebody else keeps there. */
  | { readonly kind: "noLedger"; readonly relations: number }
  /** `relations` is counted beside an empty ledger: what the schema holds although nothing is recorded. */
  | {
      readonly kind: "ledger";
      readonly entries: readonly LedgerEntry[];
      readonly relations?: number;
    };
