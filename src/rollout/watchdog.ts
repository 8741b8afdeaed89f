import type { Clock } from "../core/clock.ts";
import type { DatabaseAddress } from "../core/database.ts";
import type { Observer, Waiting } from "../core/events.ts";
import type { LockHolder } from "../core/outcome.ts";
import type { Target } from "../core/target.ts";
import { firstNotice, nextNoticeAfter } from "../core/waiting.ts";
import { readBackendStates } from "../postgres/backends.ts";
import { flushLog } from "../postgres/flush.ts";
import { Session } from "../postgres/session.ts";
import { holdersAmong } from "./holders.ts";
import type { UnflushedTargets } from "./unflushed.ts";

/** How often the watchdog looks at the workers, in milliseconds. */
const interval = 1_000;

/** A process that was idle for this many milliseconds has answered, so the answer was lost. */
const idleLimit = 5_000;

/** How long to wait before the next attempt to connect, in milliseconds. */
const reconnectAfter = { shortest: 10_000, longest: 60_000 };

/** What a worker is waiting for. */
export interface Busy {
  /** By the rollout's clock. */
  readonly since: number;
  /** Undefined while it waits for a connection. */
  readonly target?: Target;
  readonly tag?: string;
  /** Why it waits, if the server is not what it waits for. */
  readonly reason?: string;
}

/** What the watchdog sees of a worker. */
export interface WatchedWorker {
  session: Session | undefined;
  readonly busy: Busy | undefined;
  readonly unflushed: UnflushedTargets;
}

/**
 * Watches the workers of one database while they wait for the server. It reports long waits, flushes for busy workers, and
 * detects lost answers. It opens a session of its own when it needs one. If the server has no connection left, the workers
 * run without a watchdog.
 */
export class Watchdog {
  readonly workers = new Set<WatchedWorker>();
  readonly #address: DatabaseAddress;
  readonly #observe: Observer;
  readonly #clock: Clock;
  readonly #stopTimer: () => void;
  readonly #closing = new AbortController();
  #session: Session | undefined;
  #connectAt = Number.NEGATIVE_INFINITY;
  #connectDelay = reconnectAfter.shortest;
  #round: Promise<void> | undefined;
  #reportedAt: number;
  #holders: ReadonlyMap<Busy, readonly LockHolder[]> = new Map();

  constructor(address: DatabaseAddress, observe: Observer, clock: Clock) {
    this.#address = address;
    this.#observe = observe;
    this.#clock = clock;
    this.#reportedAt = clock.now();
    this.#stopTimer = clock.every(interval, () => this.#look());
  }

  /** The target that a server process of these workers is working on. */
  targetOf(pid: number): Target | undefined {
    const own = [...this.workers].find(({ session }) => session?.backend.pid === pid);
    return own?.session?.pooled === true ? undefined : own?.busy?.target;
  }

  /** Stops watching. Resolves when the current round has finished. */
  async close(): Promise<void> {
    this.#stopTimer();
    this.#closing.abort();
    await this.#round;
    await this.#session?.close();
  }

  #look(): void {
    this.#reportWaits();
    this.#round ??= this.#check().finally(() => {
      this.#round = undefined;
    });
  }

  #reportWaits(): void {
    const now = this.#clock.now();
    const waits = this.#longWaits(now);
    const [longest] = waits;
    if (longest === undefined || now - this.#reportedAt < nextNoticeAfter(now - longest.since))
      return;
    this.#reportedAt = now;
    this.#observe({
      type: "waiting",
      database: this.#address.name,
      for: waits.map((busy) => this.#waitingFor(busy, now)),
    });
  }

  #waitingFor(busy: Busy, now: number): Waiting {
    const { since, ...rest } = busy;
    const holders = this.#holders.get(busy);
    return {
      ...rest,
      forMs: Math.round(now - since),
      ...(holders === undefined ? {} : { holders }),
    };
  }

  #longWaits(now: number): Busy[] {
    return [...this.workers]
      .flatMap(({ busy }) => (busy === undefined || now - busy.since < firstNotice ? [] : busy))
      .sort((left, right) => left.since - right.since);
  }

  /** Does what needs a session. After an error, the next round opens a new one. */
  async #check(): Promise<void> {
    const now = this.#clock.now();
    const seen = [...this.workers].filter(
      ({ session }) => session !== undefined && isVisible(session),
    );
    const overdue = seen.filter(({ unflushed }) => unflushed.isOverdue);
    const slow = seen.filter(
      ({ busy }) =>
        busy?.target !== undefined && busy.reason === undefined && now - busy.since > idleLimit,
    );
    if (overdue.length === 0 && slow.length === 0) return;
    const session = await this.#connected();
    if (session === undefined) return;
    try {
      for (const worker of overdue)
        await worker.unflushed.flushElsewhere(() => flushFor(session, worker));
      if (slow.length > 0) await this.#examine(session, slow);
    } catch {
      await session.close();
    }
  }

  /** Asks the server what the processes of slow workers are doing. */
  async #examine(session: Session, slow: readonly WatchedWorker[]): Promise<void> {
    const watched = slow.flatMap((worker) => {
      const { session: own, busy } = worker;
      return own === undefined || busy === undefined ? [] : { worker, own, busy };
    });
    const states = await readBackendStates(
      session,
      watched.map(({ own }) => own.backend),
    );
    const holders = new Map<Busy, readonly LockHolder[]>();
    for (const { worker, own, busy } of watched) {
      if (worker.session !== own || worker.busy !== busy) continue;
      const state = states.find(({ pid }) => pid === own.backend.pid);
      if (state === undefined) own.abandon("the server closed the connection without notice");
      else if (state.state?.startsWith("idle") === true && state.stateMs > idleLimit)
        own.abandon("the server answered, but the answer did not arrive");
      else if (state.blockers.length > 0)
        holders.set(busy, await holdersAmong(session, state.blockers));
    }
    this.#holders = holders;
  }

  /** The watchdog's session; undefined if it cannot connect for now. */
  async #connected(): Promise<Session | undefined> {
    if (this.#session !== undefined && !this.#session.lost) return this.#session;
    if (this.#clock.now() < this.#connectAt) return undefined;
    try {
      this.#session = await Session.connect(this.#address, {
        waitMs: reconnectAfter.shortest,
        signal: this.#closing.signal,
        waitWhenFull: false,
        answerWithinMs: reconnectAfter.shortest,
      });
      this.#connectDelay = reconnectAfter.shortest;
      return this.#session;
    } catch {
      this.#connectAt = this.#clock.now() + this.#connectDelay;
      this.#connectDelay = Math.min(this.#connectDelay * 2, reconnectAfter.longest);
      return undefined;
    }
  }
}

/** True when another session can see the session's process in pg_stat_activity. */
function isVisible({ pooled, backend }: Session): boolean {
  return !pooled && backend.startedAt !== "";
}

/**
 * Flushes for a worker.
 *
 * @returns false when the worker's process no longer exists: the server may have crashed and restarted before the flush
 */
async function flushFor(session: Session, { session: own }: WatchedWorker): Promise<boolean> {
  if (own === undefined) return false;
  await flushLog(session);
  return (await readBackendStates(session, [own.backend])).length === 1;
}
