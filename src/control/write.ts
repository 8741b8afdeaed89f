import { and, desc, eq, getTableColumns, inArray, sql } from "drizzle-orm";
import type { NewRollout, OutcomeRecord, RolloutGoal } from "../core/rollout.ts";
import type { Session } from "../postgres/session.ts";
import { goals, outcomes, rollouts } from "./tables.ts";

/** The number of rollouts to keep in each database. */
const kept = 100;

/**
 * Records the start of a rollout, and its goal. An existing record stays unchanged. The time is the server's, because
 * runners' clocks differ.
 *
 * @param elapsedMs how long ago it began, in milliseconds
 * @param goal undefined for a rollout that changes no target
 */
export async function insertRollout(
  session: Session,
  rollout: NewRollout,
  elapsedMs: number,
  goal?: RolloutGoal,
): Promise<void> {
  const startedAt = sql`clock_timestamp() - ${elapsedMs}::float8 * interval '1 millisecond'`;
  const { id, database } = rollout;
  await session.drizzle(async (db) => {
    await db
      .insert(rollouts)
      .values({ ...rollout, startedAt })
      .onConflictDoNothing();
    if (goal !== undefined)
      await db
        .insert(goals)
        .values({ rollout: id, database, ...goal })
        .onConflictDoNothing();
  });
}

/**
 * Records outcomes. Existing ones stay: after a lost answer the same outcomes are sent again. They are sent as one
 * parameter, because a list of values costs four times as much and is limited to 6,553 rows.
 */
export async function insertOutcomes(
  session: Session,
  { id, database }: NewRollout,
  records: readonly OutcomeRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const columns = Object.entries(getTableColumns(outcomes));
  const rows = records.map((record) => {
    const row: typeof outcomes.$inferInsert = { rollout: id, database, ...record };
    const values = new Map(Object.entries(row));
    return Object.fromEntries(columns.map(([key, { name }]) => [name, values.get(key)]));
  });
  const names = columns.map(([, { name }]) => sql.identifier(name));
  const all = sql`select ${sql.join(names, sql`, `)}
    from jsonb_populate_recordset(null::${outcomes}, ${JSON.stringify(rows)}::jsonb)`;
  await session.drizzle((db) => db.insert(outcomes).select(all).onConflictDoNothing());
}

/** Records the end of a rollout, and the reason if it ended early. The oldest rollouts are deleted. */
export async function finishRollout(
  session: Session,
  { id, database }: NewRollout,
  stopped: string | null,
): Promise<void> {
  await session.drizzle(async (db) => {
    await db
      .update(rollouts)
      .set({ endedAt: sql`clock_timestamp()`, stopped })
      .where(and(eq(rollouts.id, id), eq(rollouts.database, database)));
    const ofDatabase = eq(rollouts.database, database);
    const old = db
      .select({ id: rollouts.id })
      .from(rollouts)
      .where(ofDatabase)
      .orderBy(desc(rollouts.startedAt))
      .offset(kept);
    await db.delete(rollouts).where(and(ofDatabase, inArray(rollouts.id, old)));
  });
}
