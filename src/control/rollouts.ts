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
 * @param prefix only those whose id begins so
 */
export async function readRollouts(
  session: Session,
  prefix: string,
  limit: number,
): Promise<KeptRollout[]> {
  if (!(await hasControlTables(session))) return [];
  const rows = await session.query<Row>(
    `SELECT r.id, r.verb, r.selection, r.started_at AS "startedAt", r.started_by AS "startedBy", r.targets,
       r.ended_at AS "endedAt", r.stopped, coalesce(c.counts, '{}') AS counts
     FROM drizzle_fleet.rollouts r
     LEFT JOIN LATERAL (SELECT jsonb_object_agg(status, number) AS counts FROM
       (SELECT status, count(*) AS number FROM drizzle_fleet.outcomes o WHERE o.rollout = r.id GROUP BY status) s) c ON true
     WHERE starts_with(r.id, $1) ORDER BY r.id DESC LIMIT $2`,
    [prefix, limit],
  );
  return rows.map(({ endedAt, stopped, ...rest }) => ({
    ...rest,
    ...(endedAt === null ? {} : { endedAt }),
    ...(stopped === null ? {} : { stopped }),
  }));
}

/** Every outcome that a database keeps of a rollout, in the order of services and schemas. */
export function readOutcomes(session: Session, rollout: string): Promise<OutcomeRecord[]> {
  return session.query(
    `SELECT service, tenant, schema, wave, status, applied, duration_ms AS "durationMs", failure
     FROM drizzle_fleet.outcomes WHERE rollout = $1 ORDER BY service, schema`,
    [rollout],
  );
}

/** The targets of a database that failed the last time they were tried. */
export async function readFailed(
  session: Session,
): Promise<{ readonly service: string; readonly schema: string }[]> {
  if (!(await hasControlTables(session))) return [];
  return session.query(
    `SELECT service, schema FROM (
       SELECT DISTINCT ON (service, schema) service, schema, status FROM drizzle_fleet.outcomes
       WHERE status <> 'notExecuted' ORDER BY service, schema, rollout DESC) AS newest
     WHERE status IN ('failed', 'inDoubt')`,
  );
}
