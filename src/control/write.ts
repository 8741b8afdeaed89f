import { and, desc, eq, getTableColumns, inArray, sql } from "drizzle-orm";
import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import type { Session } from "../postgres/session.ts";
import { outcomes, rollouts } from "./tables.ts";

/** So many rollouts are kept in each database. */
const kept = 100;

/** Keeps that a rollout has begun. A rollout that is there already stays as it is. */
export async function insertRollout(session: Session, rollout: RolloutRecord): Promise<void> {
  await session.drizzle((db) => db.insert(rollouts).values(rollout).onConflictDoNothing());
}

/**
 * Keeps outcomes. Those that are there already stay: a lost answer makes the same ones come again. They travel as one
 * parameter: a list of values costs some four times as much, and may not have more than 6,553 of them.
 */
export async function insertOutcomes(
  session: Session,
  { id, database }: RolloutRecord,
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

/** Keeps that a rollout is over, and why if it ended early. The oldest rollouts go. */
export async function finishRollout(
  session: Session,
  { id, database }: RolloutRecord,
  stopped: string | null,
): Promise<void> {
  await session.drizzle(async (db) => {
    await db
      .update(rollouts)
      .set({ endedAt: new Date(), stopped })
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
