import type { Backend } from "./greeting.ts";
import type { Session } from "./session.ts";

/** The state of one of a server's processes. */
export interface BackendState {
  readonly pid: number;
  /** As in pg_stat_activity: `active`, `idle in transaction` and so on. */
  readonly state: string | null;
  /** How long it has been in this state, in milliseconds. */
  readonly stateMs: number;
  /** The ids of the processes that block it; 0 for a prepared transaction. */
  readonly blockers: readonly number[];
}

/** Reads the states of sessions' processes. Processes that have ended are not in the result. */
export function readBackendStates(
  session: Session,
  backends: readonly Backend[],
): Promise<BackendState[]> {
  return session.query<BackendState>(
    `SELECT a.pid, a.state, coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - a.state_change) * 1000, 0)::float8
       AS "stateMs", pg_catalog.pg_blocking_pids(a.pid) AS blockers
     FROM pg_catalog.pg_stat_activity a
     JOIN ROWS FROM (unnest($1::integer[]), unnest($2::text[])) AS b (pid, since)
       ON b.pid = a.pid AND b.since = extract(epoch FROM a.backend_start)::text`,
    [backends.map(({ pid }) => pid), backends.map(({ startedAt }) => startedAt)],
  );
}

/**
 * Terminates the process of a lost session if it is idle. Otherwise it would keep its locks until the server notices
 * the loss.
 */
export async function terminateIdleBackend(
  session: Session,
  { pid, startedAt }: Backend,
): Promise<void> {
  await session.query(
    `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
     WHERE pid = $1 AND extract(epoch FROM backend_start)::text = $2 AND state LIKE 'idle%'`,
    [pid, startedAt],
  );
}
