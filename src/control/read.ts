import { and, count, desc, eq, getTableColumns, isNotNull, ne, or, sql } from "drizzle-orm";
import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import type { Session } from "../postgres/session.ts";
import { outcomes, rollouts } from "./tables.ts";

/** A rollout with how its targets in one database ended. */
export interface KeptRollout extends RolloutRecord {
  /** How many outcomes there are of each status. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What a verb was asked to do, as far as it says which success makes up for which failure. */
export interface Course {
  readonly verb: "migrate" | "downgrade";
  /** How far a rollout must have been asked to go, so that its success counts: a part of its selection. */
  readonly end: { readonly key: "to" | "goal"; readonly value: unknown };
}

/** As in `rollouts.ts`, where the tables are there. */
export async function selectRollouts(
  session: Session,
  database: string,
  prefix: string,
  limit: number,
): Promise<KeptRollout[]> {
  const rows = await session.drizzle((db) => {
    const each = db
      .select({ status: outcomes.status, number: count().as("number") })
      .from(outcomes)
      .where(and(eq(outcomes.rollout, rollouts.id), eq(outcomes.database, rollouts.database)))
      .groupBy(outcomes.status)
      .as("each");
    const all = db
      .select({
        counts: sql<
          KeptRollout["counts"] | null
        >`jsonb_object_agg(${each.status}, ${each.number})`.as("counts"),
      })
      .from(each)
      .as("all_of_them");
    return db
      .select({ ...getTableColumns(rollouts), counts: all.counts })
      .from(rollouts)
      .leftJoinLateral(all, sql`true`)
      .where(and(eq(rollouts.database, database), sql`starts_with(${rollouts.id}, ${prefix})`))
      .orderBy(desc(rollouts.startedAt))
      .limit(limit);
  });
  return rows.map(({ endedAt, stopped, counts, ...rest }) => ({
    ...rest,
    counts: counts ?? {},
    ...(endedAt === null ? {} : { endedAt }),
    ...(stopped === null ? {} : { stopped }),
  }));
}

/** As in `rollouts.ts`. */
export function selectOutcomes(
  session: Session,
  database: string,
  rollout: string,
): Promise<OutcomeRecord[]> {
  const { rollout: _, database: __, ...columns } = getTableColumns(outcomes);
  return session.drizzle((db) =>
    db
      .select(columns)
      .from(outcomes)
      .where(and(eq(outcomes.database, database), eq(outcomes.rollout, rollout)))
      .orderBy(outcomes.service, outcomes.schema),
  );
}

/** As in `rollouts.ts`, where the tables are there. */
export function selectFailed(
  session: Session,
  database: string,
  { verb, end }: Course,
): Promise<{ readonly service: string; readonly schema: string }[]> {
  const { service, schema, status, failure } = outcomes;
  const sameEnd = sql`coalesce(${rollouts.selection} -> ${end.key}::text, 'null') = ${JSON.stringify(end.value)}::jsonb`;
  return session.drizzle((db) => {
    const newest = db
      .selectDistinctOn([service, schema], { service, schema, failure })
      .from(outcomes)
      .innerJoin(
        rollouts,
        and(eq(rollouts.id, outcomes.rollout), eq(rollouts.database, outcomes.database)),
      )
      .where(
        and(
          eq(outcomes.database, database),
          eq(rollouts.verb, verb),
          or(ne(status, "notExecuted"), isNotNull(failure)),
          or(isNotNull(failure), sameEnd),
        ),
      )
      .orderBy(service, schema, desc(rollouts.startedAt))
      .as("newest");
    return db
      .select({ service: newest.service, schema: newest.schema })
      .from(newest)
      .where(isNotNull(newest.failure));
  });
}
