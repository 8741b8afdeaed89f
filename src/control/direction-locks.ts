import { setTimeout as sleep } from "node:timers/promises";
import type { Direction } from "../core/rollout.ts";
import { lockKey, setServerKeepAlive } from "../postgres/lock.ts";
import type { Session } from "../postgres/session.ts";

/** The direction that a run announces in a database while its session lives. */
export interface RunDirection {
  readonly direction: Direction;
  /** The services whose ledgers it changes in this database. */
  readonly services: readonly string[];
  /** The run's identity, in up to 40 characters. PostgreSQL shows it as part of the session's application_name. */
  readonly who: string;
}

/** A run in the opposite direction. */
export interface OpposingRun {
  /** The process id of the session that holds its lock. */
  readonly backend: number;
  readonly service: string;
  /** Its role, and its identity: `migrate 4711 ada@host`, or empty if unknown. */
  readonly role: string;
  readonly who: string;
  /** When it connected, by the server's clock; null if the current role cannot see it. */
  readonly since: Date | null;
}

/** Two runs that start at the same moment can each see the other. After retries, one of them usually succeeds. */
const attempts = 4;

const verbOf = { up: "migrate", down: "downgrade" } as const;

/**
 * Announces a run's direction with a shared advisory lock per service, for as long as its session lives. No session
 * waits for this lock, so it blocks none.
 *
 * @returns the runs in the opposite direction, in which case no lock is held; empty if there are none and the locks
 *   are held
 */
export async function lockDirection(session: Session, note: RunDirection): Promise<OpposingRun[]> {
  for (let attempt = 1; ; attempt += 1) {
    // Lock first, then look for others: of two runs that do so, at least one sees the other.
    await session.query(
      `SELECT pg_catalog.pg_try_advisory_lock_shared(key), pg_catalog.set_config('application_name', $2, false),
         ${setServerKeepAlive},
         (SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout')
       FROM unnest($1::bigint[]) AS key`,
      [
        directionKeys(note.services, note.direction),
        `drizzle-fleet ${verbOf[note.direction]} ${note.who}`,
      ],
    );
    const opponents = await findOpposingRuns(session, note);
    if (opponents.length === 0) return [];
    await session.query("SELECT pg_catalog.pg_advisory_unlock_all()");
    if (attempt === attempts) return opponents;
    await sleep(Math.random() * 200 * attempt);
  }
}

function findOpposingRuns(
  session: Session,
  { services, direction }: RunDirection,
): Promise<OpposingRun[]> {
  return session.query<OpposingRun>(
    `SELECT l.pid AS backend, sought.service, coalesce(a.usename::text, '') AS role, a.backend_start AS since,
       CASE WHEN pg_catalog.starts_with(a.application_name, 'drizzle-fleet ')
         THEN pg_catalog.substr(a.application_name, 15) ELSE '' END AS who
     FROM unnest($1::bigint[], $2::text[]) AS sought(key, service)
     JOIN pg_catalog.pg_locks l ON (l.classid::bigint << 32) | l.objid::bigint = sought.key
     JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
     LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
     ORDER BY a.backend_start, l.pid, sought.service`,
    [directionKeys(services, direction === "up" ? "down" : "up"), services],
  );
}

function directionKeys(services: readonly string[], direction: Direction): string[] {
  return services.map((service) => lockKey(`drizzle_fleet ${direction} ${service}`));
}
