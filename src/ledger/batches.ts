import { ScriptError } from "../postgres/script-error.ts";
import type { Session } from "../postgres/session.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";

/** The number of tables to read in one query. Each takes a slot of the backend's lock table. */
const batchSize = 200;

/** How long, in milliseconds, a locked table delays the others of its batch. */
const lockTimeoutMs = 1_000;

/**
 * The planner overestimates queries on many small tables: JIT compilation and parallel workers would cost more than
 * the query.
 */
const readSettings = `SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL search_path = pg_catalog`;

/**
 * Reads a table in each of many schemas, in batches, without waiting long for locks.
 *
 * @param read reads the tables of some schemas in a few queries; it runs in a read-only transaction
 * @returns what was read, by schema; undefined if the table is locked
 */
export async function readInBatches<State>(
  session: Session,
  schemas: readonly string[],
  read: (schemas: readonly string[]) => Promise<ReadonlyMap<string, State>>,
): Promise<Map<string, State | undefined>> {
  const states = new Map<string, State | undefined>();
  for (let start = 0; start < schemas.length; start += batchSize) {
    const batch = schemas.slice(start, start + batchSize);
    for (const [schema, state] of await readBatch(session, batch, read)) states.set(schema, state);
  }
  return states;
}

/** If one table of a batch is locked, the tables are read one by one. */
async function readBatch<State>(
  session: Session,
  schemas: readonly string[],
  read: (schemas: readonly string[]) => Promise<ReadonlyMap<string, State>>,
): Promise<(readonly [schema: string, state: State | undefined])[]> {
  try {
    await session.script(`BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; ${readSettings}`);
    const states = await read(schemas);
    await session.script("COMMIT");
    return [...states];
  } catch (error) {
    if (!session.lost) await session.script("ROLLBACK").catch(() => session.close());
    if (sqlstateOf(error) !== sqlstate.lockNotAvailable)
      throw error instanceof ScriptError ? error.cause : error;
    const [schema = "", ...others] = schemas;
    if (others.length === 0) return [[schema, undefined]];
    const states: (readonly [string, State | undefined])[] = [];
    for (const one of schemas) states.push(...(await readBatch(session, [one], read)));
    return states;
  }
}
