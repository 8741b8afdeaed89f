import { counted, shortList } from "../core/count.ts";
import type { ObstacleKind, PreflightObstacle } from "../core/preflight.ts";
import { duration } from "../core/time.ts";
import type { Session } from "../postgres/session.ts";

/** What the rollout would do in one database. */
export interface DatabaseDemand {
  /** The database's name in the configuration. */
  readonly name: string;
  /** Connections that the rollout would use, and for how many the server has room. */
  readonly concurrency: number;
  readonly room: number;
  /** How many relations a transaction locks at most. */
  readonly relations: number;
  /** True if a pending statement is CONCURRENTLY. */
  readonly isConcurrent: boolean;
}

interface ServerFacts {
  readonly slots: number;
  readonly usedSlots: number;
  readonly standby: boolean;
  readonly readOnly: boolean;
  readonly eventTriggers: readonly string[];
  readonly wraparound: number;
  readonly prepared: number;
  readonly oldestMs: number | null;
  readonly standbys: number;
  readonly lagMs: number | null;
  readonly weakSlots: readonly string[];
  readonly waitsForStandby: boolean;
}

/** How old the oldest snapshot may be before CONCURRENTLY waits for it noticeably, in milliseconds. */
const oldSnapshot = 60_000;

/** How far a standby may be behind, in milliseconds. */
const longestLag = 10_000;

/** Finds what is wrong with a server, or in the way of every target of a database: one query. */
export async function findServerObstacles(
  session: Session,
  demand: DatabaseDemand,
): Promise<PreflightObstacle[]> {
  const [facts] = await session.query<ServerFacts & Record<string, unknown>>(factsQuery);
  if (facts === undefined) return [];
  const make = obstacleIn(demand.name);
  return [
    ...limitObstacles(demand, facts, make),
    ...replicationObstacles(facts, make),
    ...activityObstacles(demand, facts, make),
  ];
}

type Make = (
  severity: PreflightObstacle["severity"],
  kind: ObstacleKind,
  message: string,
  remedy: string,
) => PreflightObstacle;

/** Makes the obstacles of a database. */
export function obstacleIn(database: string): Make {
  return (severity, kind, message, remedy) => ({ database, severity, kind, message, remedy });
}

function limitObstacles(
  demand: DatabaseDemand,
  { slots, usedSlots, standby, readOnly, eventTriggers }: ServerFacts,
  make: Make,
): PreflightObstacle[] {
  const { concurrency, room } = demand;
  const found = [...lockObstacles(demand, slots - usedSlots, make)];
  if (standby || readOnly)
    found.push(
      make(
        "error",
        "readOnly",
        standby
          ? "the server is a standby, which is read-only"
          : "transactions are read-only by default",
        standby
          ? "Use the URL of the primary."
          : "Turn default_transaction_read_only off for this role.",
      ),
    );
  if (room < concurrency)
    found.push(
      make(
        "warning",
        "connections",
        `the server has room for ${counted(room, "more connection")}, so fewer than ${concurrency} targets at a time are migrated`,
        "Close connections that are not needed, or increase max_connections.",
      ),
    );
  if (eventTriggers.length > 0)
    found.push(
      make(
        "warning",
        "eventTrigger",
        `event triggers run at each change of a schema, and can refuse it: ${shortList(eventTriggers)}`,
        "Make sure that they accept these migrations.",
      ),
    );
  return found;
}

/** @param free how many more locks fit into the server's lock table */
function lockObstacles(
  { concurrency, room, relations }: DatabaseDemand,
  free: number,
  make: Make,
): PreflightObstacle[] {
  const parallel = Math.max(1, Math.min(concurrency, room));
  const needed = relations * parallel;
  if (needed <= free) return [];
  const smaller =
    relations > free
      ? "split the migration"
      : `run with --concurrency ${Math.max(1, Math.floor(free / relations))}`;
  return [
    make(
      "error",
      "lockSlots",
      `the rollout needs up to ${needed} locks at a time (${counted(relations, "relation")} x ${counted(parallel, "target")}), and the server has room for ${free} (max_locks_per_transaction)`,
      `Increase max_locks_per_transaction and restart the server, or ${smaller}.`,
    ),
  ];
}

function replicationObstacles(
  { standbys, lagMs, weakSlots, waitsForStandby }: ServerFacts,
  make: Make,
): PreflightObstacle[] {
  const found: PreflightObstacle[] = [];
  if (waitsForStandby && standbys === 0)
    found.push(
      make(
        "error",
        "replication",
        "synchronous_standby_names is set, and no standby is connected: COMMIT waits for one",
        "Reconnect the standby, or clear synchronous_standby_names.",
      ),
    );
  if (lagMs !== null && lagMs > longestLag)
    found.push(
      make(
        "warning",
        "replication",
        `a standby is ${duration(lagMs)} behind`,
        "Wait until it has caught up: the rollout writes more.",
      ),
    );
  if (weakSlots.length > 0)
    found.push(
      make(
        "warning",
        "replication",
        `replication slots may lose the log that they still need: ${shortList(weakSlots)}`,
        "Let their consumers catch up first.",
      ),
    );
  return found;
}

function activityObstacles(
  { isConcurrent }: DatabaseDemand,
  { wraparound, prepared, oldestMs }: ServerFacts,
  make: Make,
): PreflightObstacle[] {
  const found: PreflightObstacle[] = [];
  if (wraparound > 0)
    found.push(
      make(
        "warning",
        "vacuum",
        `autovacuum prevents the wraparound of transaction ids on ${counted(wraparound, "table")}, and does not give way to migrations`,
        "Wait until it has ended.",
      ),
    );
  if (prepared > 0)
    found.push(
      make(
        "warning",
        "preparedTransaction",
        `${counted(prepared, "prepared transaction")} older than a minute: each keeps its locks, also after a restart`,
        "List them with SELECT * FROM pg_prepared_xacts, and end each with COMMIT PREPARED or ROLLBACK PREPARED.",
      ),
    );
  if (isConcurrent && oldestMs !== null && oldestMs > oldSnapshot)
    found.push(
      make(
        "warning",
        "snapshot",
        `a transaction has been open for ${duration(oldestMs)}, and CONCURRENTLY waits for its end`,
        "Wait until it has ended, or end it with pg_terminate_backend.",
      ),
    );
  return found;
}

/**
 * The size of the lock table is that of `NLOCKENTS` in PostgreSQL's lock.c: max_locks_per_transaction for each backend and
 * each prepared transaction. Fast-path locks are not in it.
 */
const factsQuery = `SELECT
  s.locks * (s.connections + s.workers + s.senders + s.vacuum + 1 + s.prepared) AS slots,
  (SELECT count(*) FROM pg_catalog.pg_locks WHERE NOT fastpath)::integer AS "usedSlots",
  pg_catalog.pg_is_in_recovery() AS standby,
  pg_catalog.current_setting('default_transaction_read_only') = 'on' AS "readOnly",
  ARRAY(SELECT evtname::text FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D' AND evtevent <> 'login'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = pg_event_trigger.oid AND d.deptype = 'e')
    ORDER BY evtname) AS "eventTriggers",
  (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'autovacuum worker'
    AND datname = pg_catalog.current_database() AND query LIKE '%wraparound%')::integer AS wraparound,
  (SELECT count(*) FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()
    AND prepared < pg_catalog.now() - interval '1 minute')::integer AS prepared,
  (SELECT (date_part('epoch', pg_catalog.now() - min(xact_start)) * 1000)::float8 FROM pg_catalog.pg_stat_activity
    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
      AND backend_xmin IS NOT NULL AND backend_type = 'client backend') AS "oldestMs",
  (SELECT count(*) FROM pg_catalog.pg_stat_replication)::integer AS standbys,
  (SELECT (date_part('epoch', max(replay_lag)) * 1000)::float8 FROM pg_catalog.pg_stat_replication) AS "lagMs",
  ARRAY(SELECT slot_name::text FROM pg_catalog.pg_replication_slots
    WHERE wal_status IN ('unreserved', 'lost') OR safe_wal_size < 1000000000 ORDER BY slot_name) AS "weakSlots",
  pg_catalog.current_setting('synchronous_standby_names') <> ''
    AND pg_catalog.current_setting('synchronous_commit') NOT IN ('off', 'local') AS "waitsForStandby"
FROM (SELECT pg_catalog.current_setting('max_locks_per_transaction')::integer AS locks,
  pg_catalog.current_setting('max_connections')::integer AS connections,
  pg_catalog.current_setting('max_worker_processes')::integer AS workers,
  pg_catalog.current_setting('max_wal_senders')::integer AS senders,
  coalesce(pg_catalog.current_setting('autovacuum_worker_slots', true),
    pg_catalog.current_setting('autovacuum_max_workers'))::integer AS vacuum,
  pg_catalog.current_setting('max_prepared_transactions')::integer AS prepared) AS s`;
