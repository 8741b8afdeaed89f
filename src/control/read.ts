import { and, count, desc, eq, getTableColumns, inArray, sql } from "drizzle-orm";
import type { Direction, OutcomeRecord, RolloutGoal, RolloutRecord } from "../core/rollout.ts";
import type { Drizzle } from "../postgres/drizzle.ts";
import type { Session } from "../postgres/session.ts";
import { goals, outcomes, rollouts } from "./tables.ts";

/** Selects recorded rollouts: the newest ones whose id begins with the prefix. */
export interface RolloutFilter {
  readonly prefix: string;
  /** The maximum number of rollouts. */
  readonly limit: number;
}

/** A recorded rollout, with the outcomes of its targets in one database. */
export interface RecordedRollout extends RolloutRecord {
  /** The number of outcomes per status. */
  readonly counts: Readonly<Record<string, number>>;
  /** The databases with targets of the rollout; only this one if that was not recorded. */
  readonly concerned: readonly string[];
}

/** A recorded migrate or downgrade, with its goal if the database has it. */
export interface RecordedGoal {
  readonly id: string;
  readonly selection: RolloutRecord["selection"];
  readonly startedAt: Date;
  readonly direction: Direction;
  /** Null if it was recorded by a version without goals. */
  readonly goal: Pick<RolloutGoal, "ends" | "databases"> | null;
}

/** The recorded rollouts of some schemas. */
export interface RecordedSchemas {
  /** The ids of the rollouts that had the schema among their targets, by schema. */
  readonly covered: ReadonlyMap<string, ReadonlySet<string>>;
  /** The ids of the rollouts that failed there, by schema. */
  readonly failed: ReadonlyMap<string, ReadonlySet<string>>;
}

/** See `readRollouts`. The tables must exist. */
export async function selectRollouts(
  session: Session,
  database: string,
  { prefix, limit }: RolloutFilter,
  withGoals: boolean,
): Promise<RecordedRollout[]> {
  const concerned = withGoals ? goalDatabases : sql<null>`null::text[]`;
  const rows = await session.drizzle((db) => {
    const outcomeCounts = countOutcomes(db);
    return db
      .select({ ...getTableColumns(rollouts), counts: outcomeCounts.counts, concerned })
      .from(rollouts)
      .leftJoinLateral(outcomeCounts, sql`true`)
      .where(and(eq(rollouts.database, database), sql`starts_with(${rollouts.id}, ${prefix})`))
      .orderBy(desc(rollouts.startedAt))
      .limit(limit);
  });
  return rows.map(({ endedAt, stopped, counts, concerned, ...rest }) => ({
    ...rest,
    counts: counts ?? {},
    concerned: concerned ?? [database],
    ...(endedAt === null ? {} : { endedAt }),
    ...(stopped === null ? {} : { stopped }),
  }));
}

/** The databases in a rollout's goal. */
const goalDatabases = sql<
  readonly string[] | null
>`(select ${goals.databases} from ${goals} where ${goals.rollout} = ${rollouts.id} and ${goals.database} = ${rollouts.database})`;

/** A lateral subquery: a rollout's outcomes, counted by status. */
function countOutcomes(db: Drizzle) {
  const byStatus = db
    .select({ status: outcomes.status, number: count().as("number") })
    .from(outcomes)
    .where(and(eq(outcomes.rollout, rollouts.id), eq(outcomes.database, rollouts.database)))
    .groupBy(outcomes.status)
    .as("by_status");
  const counts = sql<
    RecordedRollout["counts"] | null
  >`jsonb_object_agg(${byStatus.status}, ${byStatus.number})`.as("counts");
  return db.select({ counts }).from(byStatus).as("outcome_counts");
}

/** See `readOutcomes`. */
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

/** See `readRecordedGoals`. The tables must exist. */
export async function selectGoals(
  session: Session,
  database: string,
  withGoals: boolean,
): Promise<RecordedGoal[]> {
  const { id, selection, startedAt, verb } = rollouts;
  const rows = await session.drizzle<GoalRow[]>((db) => {
    const wanted = and(eq(rollouts.database, database), inArray(verb, Object.keys(directions)));
    if (!withGoals)
      return db
        .select({
          id,
          selection,
          startedAt,
          verb,
          ends: sql<null>`null`,
          databases: sql<null>`null`,
        })
        .from(rollouts)
        .where(wanted)
        .orderBy(desc(startedAt));
    return db
      .select({ id, selection, startedAt, verb, ends: goals.ends, databases: goals.databases })
      .from(rollouts)
      .leftJoin(goals, and(eq(goals.rollout, id), eq(goals.database, rollouts.database)))
      .where(wanted)
      .orderBy(sql`${goals.number} desc nulls last`, desc(startedAt));
  });
  return rows.map(({ verb: name, ends, databases, ...rest }) => ({
    ...rest,
    direction: directions[name] ?? "up",
    goal: ends === null || databases === null ? null : { ends, databases },
  }));
}

type GoalRow = Pick<RecordedGoal, "id" | "selection" | "startedAt"> & {
  readonly verb: string;
  readonly ends: RolloutGoal["ends"] | null;
  readonly databases: readonly string[] | null;
};

const directions: Readonly<Record<string, Direction>> = { migrate: "up", downgrade: "down" };

/** See `readRecordedSchemas`. The tables must exist. The server filters: it has many more schemas than needed. */
export async function selectSchemas(
  session: Session,
  database: string,
  schemas: readonly string[],
  withGoals: boolean,
): Promise<RecordedSchemas> {
  const kept = await session.query<SchemaRow>(
    `SELECT schema, array_agg(rollout) AS rollouts,
       coalesce(array_agg(rollout) FILTER (WHERE failure IS NOT NULL), '{}') AS failed
     FROM drizzle_fleet.outcomes WHERE database = $1 AND schema = ANY($2) GROUP BY schema`,
    [database, schemas],
  );
  const meant = withGoals
    ? await session.query<Omit<SchemaRow, "failed">>(
        `SELECT member.schema, array_agg(g.rollout) AS rollouts
         FROM drizzle_fleet.goals g CROSS JOIN unnest(g.schemas) AS member(schema)
         WHERE g.database = $1 AND member.schema = ANY($2) GROUP BY member.schema`,
        [database, schemas],
      )
    : [];
  const covered = new Map<string, Set<string>>();
  for (const { schema, rollouts: ids } of [...kept, ...meant])
    covered.set(schema, new Set([...(covered.get(schema) ?? []), ...ids]));
  return { covered, failed: new Map(kept.map(({ schema, failed }) => [schema, new Set(failed)])) };
}

interface SchemaRow {
  readonly schema: string;
  readonly rollouts: readonly string[];
  readonly failed: readonly string[];
}
