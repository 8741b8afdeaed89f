/**
 * The facts of a catalog without the names of NOT NULL constraints, which PostgreSQL 18 keeps: it makes them, and a
 * rename or a way back leaves other ones.
 */
export function withoutAutomaticNames(facts: readonly string[]): string[] {
  return facts
    .map((fact) => fact.replace(/^(constraint \S+)\.\S+ (NOT NULL (?:"[^"]+"|\S+).*)$/, "$1 $2"))
    .sort();
}
