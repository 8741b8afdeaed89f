import { constraintIn } from "../catalog/compare.ts";

/**
 * The facts of a catalog without the names of NOT NULL constraints. PostgreSQL 18 stores names that it generates, and
 * after a rename or a down they differ.
 */
export function withoutAutomaticNames(facts: readonly string[]): string[] {
  return facts
    .map((fact) => {
      const own = constraintIn(fact);
      return own?.definition.startsWith("NOT NULL ") === true
        ? `constraint ${own.table} ${own.definition}`
        : fact;
    })
    .sort();
}
