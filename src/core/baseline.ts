import type { Template } from "./template.ts";

/** A service's history as one script, from which a new tenant is created if the result is proved to be the same. */
export interface Baseline {
  /** Structure and rows, tenant-neutral, in order. */
  readonly statements: readonly Template[];
  /** The entries that the ledger has after the history. */
  readonly ledger: readonly {
    readonly tag: string;
    readonly checksum: string;
    readonly statements: number;
    readonly appliedChecksum: string;
  }[];
  /** Extensions that the database must have before the script runs. */
  readonly extensions: readonly string[];
}

/** A baseline, or why the history must be replayed instead. */
export type BaselineResult = Baseline | { readonly refused: string };
