import { isFailure, type Outcome } from "../core/outcome.ts";
import { flushLog } from "../postgres/flush.ts";
import type { Session } from "../postgres/session.ts";
import type { Queue } from "./queue.ts";
import type { Work } from "./target.ts";

/** At the latest after so many targets, or so many milliseconds, a worker makes sure that they are on disk. */
const flushAfter = { targets: 100, ms: 1_000 };

/** So much later, in milliseconds, the worker is busy with something else, and is not waited for any more. */
const grace = 1_000;

/** A target that is done as far as the server's memory goes. */
interface Unflushed {
  readonly work: Work;
  readonly outcome: Outcome;
}

/**
 * Steps commit with synchronous_commit off: a crash of the server can lose them, together with their ledger
 * entries. One synchronous commit that writes to the log flushes all before it, provided that the server has
 * not crashed in between, which the worker's session would not have survived. Until then nothing is reported as done.
 */
export class UnflushedTargets {
  readonly #queue: Queue<Work>;
  readonly #end: (outcome: Outcome) => void;
  #targets: Unflushed[] = [];
  #since = 0;
  /** A failure may be the reason to stop: it is reported at once. */
  #urgent = false;
  #elsewhere: Promise<void> | undefined;
  /** Counts the worker's sessions that were given up. */
  #given = 0;

  constructor(queue: Queue<Work>, end: (outcome: Outcome) => void) {
    this.#queue = queue;
    this.#end = end;
  }

  add(target: Unflushed): void {
    if (this.#targets.length === 0) this.#since = performance.now();
    this.#targets.push(target);
    this.#urgent ||= isFailure(target.outcome);
  }

  /** True when the worker should flush as soon as it can. */
  get isDue(): boolean {
    const { length } = this.#targets;
    return this.#urgent || length >= flushAfter.targets || this.#age > flushAfter.ms;
  }

  /** True when the worker does not come to it. */
  get isOverdue(): boolean {
    return this.#elsewhere === undefined && this.#age > flushAfter.ms + grace;
  }

  get #age(): number {
    return this.#targets.length === 0 ? 0 : performance.now() - this.#since;
  }

  /** Flushes on the worker's session and reports; what cannot be flushed is put back, to be looked up in its ledger. */
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
   * Reports what there is when it was flushed on another session; the worker may add more meanwhile.
   *
   * @param flush says whether all that the worker's session has committed is on disk
   */
  async flushElsewhere(flush: () => Promise<boolean>): Promise<void> {
    const targets = this.#take();
    const given = this.#given;
    const flushing = flush()
      .catch(() => false)
      .then((done) => {
        if (done) this.#report(targets);
        else if (given === this.#given) this.#targets = [...targets, ...this.#targets];
        else this.#giveUp(targets);
        this.#elsewhere = undefined;
      });
    this.#elsewhere = flushing;
    await flushing;
  }

  /** Gives up what was not flushed when the worker's session is lost: only the ledgers know what became of it. */
  putBack(): void {
    this.#given += 1;
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
    for (const { work } of targets)
      this.#queue.putBack({ ...work, attempts: work.attempts + 1, unanswered: true }, 0);
  }
}
