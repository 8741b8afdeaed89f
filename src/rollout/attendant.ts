import type { DatabaseAddress } from "../core/database.ts";
import type { Observer, Waiting } from "../core/events.ts";
import type { LockHolder } from "../core/outcome.ts";
import type { Target } from "../core/target.ts";
import { readBackendStates } from "../postgres/backends.ts";
import { flushLog } from "../postgres/flush.ts";
import { Session } from "../postgres/session.ts";
import { firstTold, toldAgainAfter } from "../report/waiting.ts";
import { holdersAmong } from "./holders.ts";
import type { UnflushedTargets } from "./unflushed.ts";

/** How often it looks after the workers, in milliseconds. */
const every = 1_000;

/** A process that is idle for so long, in milliseconds, has answered: what its worker waits for does not arrive. */
const answeredFor = 5_000;

/** How long to wait before another connection is tried, in milliseconds. */
const connectAgain = { shortest: 10_000, longest: 60_000 };

/** What a worker waits for at this moment. */
export interface Busy {
  /** By the process's clock, in milliseconds. */
  readonly since: number;
  /** Undefined while it waits for a connection. */
  readonly target?: Target;
  readonly tag?: string;
  readonly reason?: string;
}

/** A worker, as its attendant sees it. */
export interface WorkerState {
  session: Session | undefined;
  busy: Busy | undefined;
  readonly unflushed: UnflushedTargets;
}

/**
 * Looks after the workers of one database while they wait for long answers. It tells what they wait for, flushes what
 * they have done before, and finds out when an answer got lost. For that it has a session of its own, which is opened
 * when there is a need for it; where there is none to be had, the workers do without.
 */
export class Attendant {
  readonly workers = new Set<WorkerState>();
  readonly #address: DatabaseAddress;
  readonly #observe: Observer;
  readonly #timer: NodeJS.Timeout;
  readonly #closing = new AbortController();
  #session: Session | undefined;
  #connectAt = 0;
  #connectDelay = connectAgain.shortest;
  #round: Promise<void> | undefined;
  #toldAt = performance.now();
  #holders: ReadonlyMap<Busy, readonly LockHolder[]> = new Map();

  constructor(address: DatabaseAddress, observe: Observer) {
    this.#address = address;
    this.#observe = observe;
    this.#timer = setInterval(() => this.#look(), every);
    this.#timer.unref();
  }

  /** The target that a process of the crew works on. */
  targetOf(pid: number): Target | undefined {
    const own = [...this.workers].find(({ session }) => session?.backend.pid === pid);
    return own?.session?.pooled === true ? undefined : own?.busy?.target;
  }

  /** Ends when what it is about has ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.#round;
    await this.#session?.close();
  }

  #look(): void {
    this.#tell();
    this.#round ??= this.#help().finally(() => {
      this.#round = undefined;
    });
  }

  /** Says what is waited for. */
  #tell(): void {
    const now = performance.now();
    const waits = this.#longWaits(now);
    const [longest] = waits;
    if (longest === undefined || now - this.#toldAt < toldAgainAfter(now - longest.since)) return;
    this.#toldAt = now;
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
      .flatMap(({ busy }) => (busy === undefined || now - busy.since < firstTold ? [] : busy))
      .sort((left, right) => left.since - right.since);
  }

  /** What needs the session. An error ends it, and the next round has another one. */
  async #help(): Promise<void> {
    const now = performance.now();
    const seen = [...this.workers].filter(
      ({ session }) => session !== undefined && isSeen(session),
    );
    const overdue = seen.filter(({ unflushed }) => unflushed.isOverdue);
    const slow = seen.filter(
      ({ busy }) => busy?.target !== undefined && now - busy.since > answeredFor,
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

  /** Looks what the processes of slow workers are at. */
  async #examine(session: Session, slow: readonly WorkerState[]): Promise<void> {
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
      if (state === undefined)
        own.abandon("the server has ended the connection, and did not say so");
      else if (state.state?.startsWith("idle") === true && state.stateMs > answeredFor)
        own.abandon("the server has answered, and the answer did not arrive");
      else if (state.blockers.length > 0)
        holders.set(busy, await holdersAmong(session, state.blockers));
    }
    this.#holders = holders;
  }

  /** A session, or undefined when there is none to be had for now. */
  async #connected(): Promise<Session | undefined> {
    if (this.#session !== undefined && !this.#session.lost) return this.#session;
    const now = performance.now();
    if (now < this.#connectAt) return undefined;
    try {
      this.#session = await Session.connect(this.#address, {
        waitMs: connectAgain.shortest,
        signal: this.#closing.signal,
        waitWhenFull: false,
        answerWithinMs: connectAgain.shortest,
      });
      this.#connectDelay = connectAgain.shortest;
      return this.#session;
    } catch {
      this.#connectAt = performance.now() + this.#connectDelay;
      this.#connectDelay = Math.min(this.#connectDelay * 2, connectAgain.longest);
      return undefined;
    }
  }
}

/** True when another session can see what the session's process is at. */
function isSeen({ pooled, backend }: Session): boolean {
  return !pooled && backend.startedAt !== "";
}

/**
 * Flushes for a worker.
 *
 * @returns false when the worker's process is gone: the server may have crashed, and come back, before the flush
 */
async function flushFor(session: Session, { session: own }: WorkerState): Promise<boolean> {
  if (own === undefined) return false;
  await flushLog(session);
  return (await readBackendStates(session, [own.backend])).length === 1;
}
