import type { MigrationPlace } from "../core/preflight.ts";
import type { Template } from "../core/template.ts";
import { type PendingStatement, templateOf } from "./statement.ts";

/** A query that finds the rows for which a pending statement would fail. */
export interface Assertion {
  readonly place: MigrationPlace;
  /** What the rows are, as in `column email of users is NULL`. */
  readonly message: string;
  readonly remedy: string;
  /** Returns a row for each that is in the way. Names without a schema are looked up on the target's search_path. */
  readonly query: Template;
  /** The same for servers before PostgreSQL 16; `none` if there it cannot be asserted. Default: `query`. */
  readonly before16?: Template | "none";
}

/** A statement, or a part of one, that no assertion is about. */
export interface NotAsserted {
  readonly place: MigrationPlace;
  readonly reason: string;
}

/** What the pending statements of a target assert. */
export interface Assertions {
  readonly assertions: readonly Assertion[];
  readonly unchecked: readonly NotAsserted[];
}

/** One part of the result for a statement; undefined if it cannot fail because of rows. */
export type Asserted = Assertion | NotAsserted | undefined;

export function isAssertion(one: Assertion | NotAsserted): one is Assertion {
  return "query" in one;
}

/** Makes an assertion. `sql` has the placeholder where it names the tenant schema. */
export function assertion(
  { place }: Pick<PendingStatement, "place">,
  message: string,
  sql: string,
  remedy: string,
): Assertion {
  return { place, message, remedy, query: templateOf(sql) };
}

export function notAsserted(
  { place }: Pick<PendingStatement, "place">,
  reason: string,
): NotAsserted {
  return { place, reason };
}

/** What to do about the rows that an assertion finds. */
export const remedies = {
  nulls: "Fill the column in these rows, or in a statement before it.",
  duplicates: "Remove or merge the duplicates, or do so in a statement before it.",
  orphans: "Remove these rows or clear their references, or do so in a statement before it.",
  check: "Correct these rows, or do so in a statement before it.",
  type: "Change the values that do not fit, or do so in a statement before it.",
  enum: "Replace the value in these rows, or do so in a statement before it.",
  required:
    "Give the column a default; or add it as nullable, fill it, and make it NOT NULL in a later migration.",
} as const;
