import type { Template } from "./template.ts";

/** A service's whole history as one script: what a new tenant is made from, where that gives the same. */
export interface Baseline {
  /** Structure and rows, tenant-neutral, in order. */
  readonly statements: readonly Template[];
  /** What the ledger says of the history. */
  readonly ledger: readonly {
    readonly tag: string;
    readonly checksum: string;
    readonly statements: number;
    readonly appliedChecksum: string;
  }[];
  /** Extensions that must be in the database before. */
  readonly extensions: readonly string[];
}

/** A baseline, or why the history must be replayed instead. */
export type BaselineResult = Baseline | { readonly refused: string };
