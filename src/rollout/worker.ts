import type { DatabaseAddress } from "../core/database.ts";
import { messageOf } from "../core/errors.ts";
import type { Outcome } from "../core/outcome.ts";
import { Session } from "../postgres/session.ts";
import { isServerFull } from "../postgres/sqlstate.ts";
import { type AttemptHooks, attemptTarget } from "./attempt.ts";
import { Flights } from "./flights.ts";
import type { Halt } from "./halt.ts";
import type { RolloutOptions } from "./options.ts";
import type { TargetQueue } from "./queue.ts";
import { retryDelay } from "./retry.ts";
import {
  type AttemptResult,
  brokenOutcome,
  giveUp,
  isExhausted,
  type TargetJob,
} from "./target-job.ts";
import { UnflushedTargets } from "./unflushed.ts";
import type { Busy, Watchdog, WatchedWorker } from "./watchdog.ts";

/** How long to wait for a new password, in milliseconds. It was right when the rollout began. */
const passwordTimeout = 5_000;

/**
 * A backend caches every relation that it has touched, some 10 KB for each, so a worker reconnects after this many
 * statements. A new backend must fill its caches again, which takes as long as 20 small migrations. A target that is
 * attempted on its own counts as at least 25: its statements may touch anything.
 */
const recycleAfter = 5_000;
const leastPerAttempt = 25;

/** The workers of one database and what they share. */
export interface WorkerPool {
  readonly address: DatabaseAddress;
  readonly queue: TargetQueue<TargetJob>;
  readonly halt: Halt;
  readonly watchdog: Watchdog;
  /** Number of running workers. */
  size: number;
}

/** One connection that migrates one target after another. */
export class Worker implements WatchedWorker {
  session: Session | undefined;
  readonly unflushed: UnflushedTargets;
  readonly #pool: WorkerPool;
  readonly #options: RolloutOptions;
  readonly #end: (outcome: Outcome) => void;
  readonly #hooks: AttemptHooks;
  readonly #flights: Flights;
  /** What the worker waits for, other than its flights. */
  #busy: Busy | undefined;
  /** Statements of migrations that ran on the current connection; for each target also one for its ledger. */
  #statements = 0;

  /** @param end receives an outcome once it would survive a crash of the server */
  constructor(pool: WorkerPool, options: RolloutOptions, end: (outcome: Outcome) => void) {
    this.#pool = pool;
    this.#options = options;
    this.#end = end;
    this.unflushed = new UnflushedTargets(pool.queue, end, options.clock);
    this.#hooks = {
      onStep: (tag) => {
        const { reason: _, ...busy } = this.#busy ?? {};
        this.#busy = { ...busy, since: options.clock.now(), tag };
      },
      onWait: (reason) => {
        const since = this.#busy?.reason === undefined ? options.clock.now() : this.#busy.since;
        this.#busy = { ...this.#busy, since, reason };
      },
      targetOf: (pid) => pool.watchdog.targetOf(pid),
    };
    this.#flights = new Flights(options, this.#hooks);
  }

  get busy(): Busy | undefined {
    return this.#busy ?? this.#flights.busy;
  }

  /**
   * Takes targets until the queue is empty or the rollout is halted.
   *
   * @throws when the worker cannot connect; its target is then back in the queue
   */
  async run(): Promise<void> {
    this.#pool.watchdog.workers.add(this);
    try {
      await this.#takeTargets();
    } finally {
      this.#leave();
      this.unflushed.putBack();
      await this.session?.close();
    }
  }

  /** Several workers can be refused at the same moment: each is counted when it decides to end. */
  #leave(): void {
    if (this.#pool.watchdog.workers.delete(this)) this.#pool.size -= 1;
  }

  async #takeTargets(): Promise<void> {
    const { queue, halt } = this.#pool;
    for (;;) {
      const job = await this.#nextJob();
      if (job === undefined) {
        await this.unflushed.flush(this.session);
        // What could not be flushed is back in the queue.
        if (queue.isEmpty || halt.signal.aborted) return;
        continue;
      }
      const session = await this.#sessionFor(job);
      if (session === undefined) return;
      const since = this.#options.clock.now();
      this.#settle(await this.#attempt(session, job), session);
      this.#flights.note(this.#options.clock.now() - since);
      this.#statements += Math.max(leastPerAttempt, this.#statementsOf(job));
      await this.#flushAndRecycle(session);
    }
  }

  /**
   * Sends targets ahead while it can.
   *
   * @returns the next target to attempt on its own, when no other is under way; undefined if there is none for now
   */
  async #nextJob(): Promise<TargetJob | undefined> {
    const { queue, halt } = this.#pool;
    for (;;) {
      const { session } = this;
      // Without a session, nothing is under way.
      if (session === undefined) return queue.take(halt.signal);
      if (!this.#maySendAhead(session)) {
        if (this.#flights.count === 0) return queue.take(halt.signal);
        await this.#land(session);
        continue;
      }
      const job = halt.signal.aborted ? undefined : queue.takeDue();
      if (job !== undefined && this.#send(session, job)) continue;
      while (this.#flights.count > 0) await this.#land(session);
      return job ?? queue.take(halt.signal);
    }
  }

  /** The last targets are left for other workers, so that none waits behind another while a connection is idle. */
  #maySendAhead(session: Session): boolean {
    const { queue, size } = this.#pool;
    const isTail = queue.length < size * this.#options.targetsPerConnection;
    const isDue = this.unflushed.isDue || this.#statements >= recycleAfter;
    return this.#flights.hasRoom(session) && !isTail && !isDue && !session.lost;
  }

  #send(session: Session, job: TargetJob): boolean {
    const { cancel } = this.#options;
    if (!this.#flights.send(session, job)) return false;
    this.#statements += this.#statementsOf(job);
    if (this.#flights.count === 1) cancel?.addEventListener("abort", this.#onCancel);
    return true;
  }

  /** Waits for the oldest target under way. */
  async #land(session: Session): Promise<void> {
    const landed = await this.#flights.land();
    if (this.#flights.count === 0)
      this.#options.cancel?.removeEventListener("abort", this.#onCancel);
    for (const one of landed.toReversed())
      if (one.kind === "notRun") this.#pool.queue.putFirst(one.job);
    for (const one of landed) if (one.kind !== "notRun") this.#settle(one, session);
    if (this.#flights.count === 0) await this.#flushAndRecycle(session);
  }

  readonly #onCancel = () => void this.session?.cancel();

  async #sessionFor(job: TargetJob): Promise<Session | undefined> {
    if (this.session === undefined || this.session.lost) {
      this.unflushed.putBack();
      this.session = await this.#connect(job);
      this.#statements = 0;
      await this.#options.ready;
    }
    return this.session;
  }

  #statementsOf({ plan: { target, steps } }: TargetJob): number {
    const counts = steps.map(
      ({ tag }) => this.#options.scriptOf(target.service, tag)?.statements.length ?? 0,
    );
    return counts.reduce((sum, count) => sum + count, 1);
  }

  async #flushAndRecycle(session: Session): Promise<void> {
    const isUsedUp = this.#statements >= recycleAfter;
    if (this.unflushed.isDue || isUsedUp) await this.unflushed.flush(session);
    if (!isUsedUp) return;
    await session.close();
    this.session = undefined;
  }

  /**
   * Connects. When the server has no connection left, workers end one by one; the last one waits for a connection.
   *
   * @returns undefined when this worker must end
   */
  async #connect(job: TargetJob): Promise<Session | undefined> {
    const pool = this.#pool;
    const { connect, observe, clock } = this.#options;
    const since = clock.now();
    this.#busy = { since };
    const onWait = (reason: string) => {
      this.#busy = { since, reason };
    };
    for (;;) {
      const waitWhenFull = pool.size === 1;
      try {
        return await Session.connect(pool.address, {
          ...{ ...connect, waitWhenFull, onWait, pipelined: true },
          waitForPasswordMs: passwordTimeout,
        });
      } catch (error) {
        const cause = error instanceof Error ? error.cause : undefined;
        // This worker may have become the last one while it was refused.
        if (isServerFull(cause) && !waitWhenFull && pool.size === 1) continue;
        pool.queue.putBack(job, 0);
        if (!isServerFull(cause) || pool.size === 1) throw error;
        this.#leave();
        observe({
          type: "concurrencyLowered",
          database: pool.address.name,
          to: pool.size,
          reason: messageOf(cause),
        });
        return undefined;
      }
    }
  }

  /** Makes one attempt, which the user can cancel. */
  async #attempt(session: Session, job: TargetJob): Promise<AttemptResult> {
    const { cancel, observe, clock } = this.#options;
    const { target } = job.plan;
    if (job.startedAt === undefined) observe({ type: "targetStarted", target });
    this.#busy = { since: clock.now(), target };
    const started = { ...job, startedAt: job.startedAt ?? clock.now() };
    cancel?.addEventListener("abort", this.#onCancel);
    try {
      return await attemptTarget(session, started, this.#options, this.#hooks);
    } catch (error) {
      // Closing the session releases any lock that it still holds.
      await session.close();
      return { kind: "ended", job: started, outcome: brokenOutcome(started, error, clock) };
    } finally {
      this.#busy = undefined;
      cancel?.removeEventListener("abort", this.#onCancel);
    }
  }

  #settle(result: AttemptResult, session: Session): void {
    if (result.kind === "again") {
      this.#retry(result);
      return;
    }
    // A skipped target counts too: what another runner applied to it may not be on disk yet.
    const { status, applied } = result.outcome;
    const hasCommits = status === "succeeded" || status === "skipped" || applied.length > 0;
    if (hasCommits && !session.pooled) this.unflushed.add(result);
    else this.#end(result.outcome);
  }

  #retry({ job, reason, waitFor }: AttemptResult & { kind: "again" }): void {
    const { retry, observe, clock } = this.#options;
    if (isExhausted(job, waitFor, retry, clock.now())) {
      this.#end(giveUp(job, clock));
      return;
    }
    const delayMs = retryDelay(waitFor === undefined ? job.attempts : job.waits, retry);
    const holders = job.failure?.holders;
    observe({
      type: "targetRetried",
      target: job.plan.target,
      attempt: job.attempts + job.waits,
      delayMs,
      reason,
      ...(waitFor === undefined ? {} : { waitFor }),
      ...(holders === undefined ? {} : { holders }),
    });
    this.#pool.queue.putBack(job, delayMs);
  }
}
