import type { Backend, Session } from "./session.ts";

/** What a server says of one of its processes. */
export interface BackendState {
  readonly pid: number;
  /** As in pg_stat_activity, for example `active` or `idle in transaction`. */
  readonly state: string | null;
  /** How long it has been in that state, in milliseconds. */
  readonly stateMs: number;
  /** Processes that hold the locks it waits for; 0 for a prepared transaction. */
  readonly blockers: readonly number[];
}

/** What sessions' processes are at; those that have ended are missing. */
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

/** Ends a lost session's process, unless it still works: it would keep its locks until the server notices the loss. */
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
