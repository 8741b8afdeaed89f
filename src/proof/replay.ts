import type { FleetError } from "../core/errors.ts";
import type { Migration } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { applyUp, type Bench } from "./bench.ts";

/** A migration that cannot be applied. */
interface FailedReplay {
  readonly migration: Migration;
  readonly error: FleetError;
}

/**
 * Creates a scratch schema and applies migrations to it as a rollout would.
 *
 * @param schema the name of a schema that does not exist
 * @param history the service's history
 * @param count how many of its migrations to apply, from the oldest
 * @returns the first migration that cannot be applied; undefined if all were
 */
export async function replay(
  bench: Bench,
  schema: string,
  history: readonly Migration[],
  count = history.length,
): Promise<FailedReplay | undefined> {
  if (count === 0) await bench.session.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  for (const migration of history.slice(0, count)) {
    const error = await applyUp(bench, schema, history, migration);
    if (error !== undefined) return { migration, error };
  }
  return undefined;
}
