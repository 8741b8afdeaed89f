import type { Clock } from "../core/clock.ts";
import { isFailure, type Outcome } from "../core/outcome.ts";
import { flushLog } from "../postgres/flush.ts";
import type { Session } from "../postgres/session.ts";
import type { TargetQueue } from "./queue.ts";
import type { TargetJob } from "./target-job.ts";

/** A worker flushes after this many targets or milliseconds, whichever comes first. */
const flushAfter = { targets: 100, ms: 1_000 };

/** If the worker is busy for this many milliseconds more, another session flushes for it. */
const grace = 1_000;

/** A target whose commits may not be on disk yet. */
interface Unflushed {
  readonly job: TargetJob;
  readonly outcome: Outcome;
}

/**
 * The targets of one worker that are not flushed yet. Steps commit with synchronous_commit off, so a crash of the server
 * can lose them together with their ledger entries. One synchronous commit flushes everything before it, unless the server
 * crashed in between; but then the worker's session is lost too. No target is reported before that.
 */
export class UnflushedTargets {
  readonly #queue: TargetQueue<TargetJob>;
  readonly #end: (outcome: Outcome) => void;
  readonly #clock: Clock;
  #targets: Unflushed[] = [];
  #since = 0;
  /** A failure can stop the rollout, so it is reported at once. */
  #urgent = false;
  #elsewhere: Promise<void> | undefined;
  /** How many of the worker's sessions were lost. */
  #lostSessions = 0;

  constructor(queue: TargetQueue<TargetJob>, end: (outcome: Outcome) => void, clock: Clock) {
    this.#queue = queue;
    this.#end = end;
    this.#clock = clock;
  }

  add(target: Unflushed): void {
    if (this.#targets.length === 0) this.#since = this.#clock.now();
    this.#targets.push(target);
    this.#urgent ||= isFailure(target.outcome);
  }

  /** True when the worker should flush after its current target. */
  get isDue(): boolean {
    const { length } = this.#targets;
    return this.#urgent || length >= flushAfter.targets || this.#age > flushAfter.ms;
  }

  /** True when the worker is too busy to flush, so another session should. */
  get isOverdue(): boolean {
    return this.#elsewhere === undefined && this.#age > flushAfter.ms + grace;
  }

  get #age(): number {
    return this.#targets.length === 0 ? 0 : this.#clock.now() - this.#since;
  }

  /** Flushes on the worker's session and reports. Targets that cannot be flushed go back into the queue. */
  async flush(session: Session | undefined): Promise<void> {
    await this.#elsewhere;
    if (this.#targets.length === 0) return;
    try {
      if (session === undefined || session.lost) throw new Error("the connection is lost");
      await flushLog(session);
      this.#report(this.#take());
    } catch {
      await session?.close();
      this.putBack();
    }
  }

  /**
   * Flushes on another session and reports. The worker can add targets meanwhile.
   *
   * @param flush resolves to true when everything that the worker's session committed is on disk
   */
  async flushElsewhere(flush: () => Promise<boolean>): Promise<void> {
    const targets = this.#take();
    const lostSessions = this.#lostSessions;
    const flushing = flush()
      .catch(() => false)
      .then((done) => {
        if (done) this.#report(targets);
        else if (lostSessions === this.#lostSessions)
          this.#targets = [...targets, ...this.#targets];
        else this.#giveUp(targets);
        this.#elsewhere = undefined;
      });
    this.#elsewhere = flushing;
    await flushing;
  }

  /** Puts targets back into the queue after the worker's session was lost: only their ledgers show what is on disk. */
  putBack(): void {
    this.#lostSessions += 1;
    this.#giveUp(this.#take());
  }

  #take(): readonly Unflushed[] {
    const targets = this.#targets;
    this.#targets = [];
    this.#urgent = false;
    return targets;
  }

  #report(targets: readonly Unflushed[]): void {
    for (const { outcome } of targets) this.#end(outcome);
  }

  #giveUp(targets: readonly Unflushed[]): void {
    for (const { job } of targets)
      this.#queue.putBack({ ...job, attempts: job.attempts + 1, unanswered: true }, 0);
  }
}
