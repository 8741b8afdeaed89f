import type { DraftStatement, RepairContext } from "./draft-statement.ts";

/** What replaces a statement that the server refuses. */
export interface Repair {
  /** Statements to run instead of it; empty to leave it out. */
  readonly statements: readonly DraftStatement[];
  /** Later statements that become unnecessary. */
  readonly instead?: readonly DraftStatement[];
}

/** Finds a repair for a statement that failed with an error; undefined if it knows none. */
export type Repairer = (
  context: RepairContext,
  statement: DraftStatement,
  error: Error,
) => Promise<Repair | undefined>;

/** Marks a statement that creates again what a repair dropped. */
export function restoring(statement: DraftStatement): DraftStatement {
  return { ...statement, restores: true };
}
