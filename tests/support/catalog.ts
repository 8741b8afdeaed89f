import type { TestDatabase } from "./database.ts";

export { catalogOf } from "../../src/catalog/facts.ts";

/**
 * The position of each sequence of a schema. `catalogOf` does not contain it: a rollback does not return the numbers
 * that were taken, so positions are equal only in schemas where nothing was interrupted.
 */
export async function sequencePositions(database: TestDatabase, schema: string): Promise<string[]> {
  const rows = await database.query<{ position: string }>(
    `SELECT format('%s last=%s', sequencename, last_value) AS position FROM pg_sequences WHERE schemaname = $1 ORDER BY 1`,
    [schema],
  );
  return rows.map(({ position }) => position);
}
