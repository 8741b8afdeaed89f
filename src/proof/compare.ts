import { constraintIn } from "../catalog/compare.ts";

/**
 * The facts of a catalog without the names of NOT NULL constraints, which PostgreSQL 18 keeps: it makes them, and a
 * rename or a way back leaves other ones.
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
