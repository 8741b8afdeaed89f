import type { TestDatabase } from "./database.ts";

export { catalogOf } from "../../src/catalog/facts.ts";

/**
 * How far each sequence of a schema has come. No part of the catalog: numbers that an attempt took before it was
 * rolled back stay taken, so that only undisturbed schemas agree.
 */
export async function sequencePositions(database: TestDatabase, schema: string): Promise<string[]> {
  const rows = await database.query<{ position: string }>(
    `SELECT format('%s last=%s', sequencename, last_value) AS position FROM pg_sequences WHERE schemaname = $1 ORDER BY 1`,
    [schema],
  );
  return rows.map(({ position }) => position);
}
