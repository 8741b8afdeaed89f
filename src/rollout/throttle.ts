import type { Clock } from "../core/clock.ts";
import { duration } from "../core/time.ts";
import type { Session } from "../postgres/session.ts";

/** How a statement in batches leaves room for other work. Times are in milliseconds. */
export interface Throttle {
  /** The pause between two batches. */
  readonly pause: number;
  /** A replica that is further behind is waited for; 0 for no limit. */
  readonly maxReplicaLag: number;
  readonly clock: Clock;
}

/** How often to look at the replicas while one is waited for, in milliseconds. */
const lookEvery = 1_000;

/**
 * Pauses, and then waits until no replica is too far behind. The session holds no transaction meanwhile.
 *
 * @param signal ends the wait
 * @param onWait called with the reason of each wait
 */
export async function pauseBetweenBatches(
  session: Session,
  { pause, maxReplicaLag, clock }: Throttle,
  signal: AbortSignal | undefined,
  onWait: (reason: string) => void,
): Promise<void> {
  if (pause > 0) {
    onWait("pausing between batches");
    await clock.sleep(pause, signal);
  }
  if (maxReplicaLag === 0) return;
  while (signal?.aborted !== true) {
    const { name, lag } = await slowestReplica(session);
    if (lag <= maxReplicaLag) return;
    onWait(`replica ${name} is ${duration(lag)} behind`);
    await clock.sleep(lookEvery, signal);
  }
}

/**
 * The replica that is furthest behind, by the application_name of its connection, and by how many milliseconds. PostgreSQL
 * shows this only to members of pg_monitor; to others, no replica seems to be behind.
 */
async function slowestReplica(session: Session): Promise<{ name: string; lag: number }> {
  const [slowest] = await session.query<{ name: string; lag: number }>(
    `SELECT application_name AS name, (pg_catalog.date_part('epoch', replay_lag) * 1000)::float8 AS lag
     FROM pg_catalog.pg_stat_replication WHERE replay_lag IS NOT NULL ORDER BY replay_lag DESC LIMIT 1`,
  );
  return slowest ?? { name: "", lag: 0 };
}
