import type { Template } from "./template.ts";

/** How an UPDATE or DELETE with a `batch` mark runs: a range of the table's key after the other. */
export interface BatchedWork {
  /** The number of rows of the table that a batch covers, from 1; the last one may cover a few more. */
  readonly size: number;
  /** The columns of the key, in order. */
  readonly by: readonly string[];
  /** The table, which is in the tenant schema. */
  readonly table: string;
  /** True for `ONLY`: without the tables that inherit from it. */
  readonly only: boolean;
  /** What the statement calls the table: its alias, or its name. */
  readonly alias: string;
  /** The statement up to the place where the condition for a range of the key follows. Nothing follows after that. */
  readonly head: Template;
}

/** How far a statement has run in batches. */
export interface BatchPosition {
  /** The columns of the key. */
  readonly by: readonly string[];
  /** The last key that was covered: a text for each column. */
  readonly after: readonly string[];
  /** The number of batches that are committed. */
  readonly batches: number;
  /** The number of rows of the table that they covered. */
  readonly rows: number;
}
