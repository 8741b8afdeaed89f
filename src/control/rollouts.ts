import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import type { Session } from "../postgres/session.ts";
import { hasControlTables } from "./tables.ts";

/** A rollout with how its targets in one database ended. */
export interface KeptRollout extends RolloutRecord {
  /** How many outcomes there are of each status. */
  readonly counts: Readonly<Record<string, number>>;
}

type Row = Omit<KeptRollout, "endedAt" | "stopped"> & {
  readonly endedAt: Date | null;
  readonly stopped: string | null;
};

/**
 * The newest rollouts that a database keeps, newest first.
 *
 * @param database its name in the configuration
 * @param prefix only those whose id begins so
 */
export async function readRollouts(
  session: Session,
  database: string,
  prefix: string,
  limit: number,
): Promise<KeptRollout[]> {
  if (!(await hasControlTables(session))) return [];
  const rows = await session.query<Row>(
    `SELECT r.id, r.database, r.verb, r.selection, r.started_at AS "startedAt", r.started_by AS "startedBy", r.waves,
       r.targets, r.ended_at AS "endedAt", r.stopped, coalesce(c.counts, '{}') AS counts
     FROM drizzle_fleet.rollouts r
     LEFT JOIN LATERAL (SELECT jsonb_object_agg(status, number) AS counts FROM
       (SELECT status, count(*) AS number FROM drizzle_fleet.outcomes o
        WHERE o.rollout = r.id AND o.database = r.database GROUP BY status) s) c ON true
     WHERE r.database = $1 AND starts_with(r.id, $2) ORDER BY r.started_at DESC LIMIT $3`,
    [database, prefix, limit],
  );
  return rows.map(({ endedAt, stopped, ...rest }) => ({
    ...rest,
    ...(endedAt === null ? {} : { endedAt }),
    ...(stopped === null ? {} : { stopped }),
  }));
}

/** Every outcome that a database keeps of a rollout, in the order of services and schemas. */
export function readOutcomes(
  session: Session,
  database: string,
  rollout: string,
): Promise<OutcomeRecord[]> {
  return session.query(
    `SELECT service, tenant, schema, wave, status, applied, duration_ms AS "durationMs", failure
     FROM drizzle_fleet.outcomes WHERE database = $1 AND rollout = $2 ORDER BY service, schema`,
    [database, rollout],
  );
}

/** What a verb was asked to do, as far as it says which success makes up for which failure. */
export interface Course {
  readonly verb: "migrate" | "downgrade";
  /** How far a rollout must have been asked to go, so that its success counts: a part of its selection. */
  readonly end: { readonly key: "to" | "goal"; readonly value: unknown };
}

/**
 * The targets of a database that failed the last time that this verb tried them. A success that was to end elsewhere
 * says nothing: that of `migrate --to`, or of a downgrade to another migration.
 */
export async function readFailed(
  session: Session,
  database: string,
  { verb, end }: Course,
): Promise<{ readonly service: string; readonly schema: string }[]> {
  if (!(await hasControlTables(session))) return [];
  return session.query(
    `SELECT service, schema FROM (
       SELECT DISTINCT ON (service, schema) service, schema, failure FROM drizzle_fleet.outcomes o
       JOIN drizzle_fleet.rollouts r ON r.id = o.rollout AND r.database = o.database
       WHERE o.database = $1 AND r.verb = $2 AND (status <> 'notExecuted' OR failure IS NOT NULL)
         AND (failure IS NOT NULL OR coalesce(r.selection -> $3, 'null') = $4::jsonb)
       ORDER BY service, schema, r.started_at DESC) AS newest
     WHERE failure IS NOT NULL`,
    [database, verb, end.key, JSON.stringify(end.value)],
  );
}
