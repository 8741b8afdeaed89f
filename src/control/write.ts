import { and, desc, eq, inArray } from "drizzle-orm";
import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import type { Session } from "../postgres/session.ts";
import { outcomes, rollouts } from "./tables.ts";

/** So many rollouts are kept in each database. */
const kept = 100;

/** Outcomes of one statement: each is ten parameters, and the protocol counts no more than 65,535. */
const atOnce = 5_000;

/** Keeps that a rollout has begun. A rollout that is there already stays as it is. */
export async function insertRollout(session: Session, rollout: RolloutRecord): Promise<void> {
  await session.drizzle((db) => db.insert(rollouts).values(rollout).onConflictDoNothing());
}

/** Keeps outcomes. Those that are there already stay: a lost answer makes the same ones come again. */
export async function insertOutcomes(
  session: Session,
  { id, database }: RolloutRecord,
  records: readonly OutcomeRecord[],
): Promise<void> {
  for (let first = 0; first < records.length; first += atOnce) {
    const rows = records
      .slice(first, first + atOnce)
      .map((record) => ({ rollout: id, database, ...record }));
    await session.drizzle((db) => db.insert(outcomes).values(rows).onConflictDoNothing());
  }
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
