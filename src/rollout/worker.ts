import type { DatabaseAddress } from "../core/database.ts";
import { messageOf } from "../core/errors.ts";
import { isFailure, type Outcome } from "../core/outcome.ts";
import { flushLog } from "../postgres/flush.ts";
import { Session } from "../postgres/session.ts";
import { isServerFull } from "../postgres/sqlstate.ts";
import type { Halt } from "./halt.ts";
import type { RolloutOptions } from "./options.ts";
import type { Queue } from "./queue.ts";
import { delayBefore } from "./retry.ts";
import { type AttemptResult, attempt, brokenOutcome, giveUp, type Work } from "./target.ts";

/** How long a target waits for another runner that holds it, in milliseconds. */
const patienceWithRunners = 10 * 60_000;

/** The password was right when the rollout began: how long to wait for a new one, in milliseconds. */
const patienceWithPasswords = 5_000;

/** At the latest after so many targets, or so many milliseconds, a worker makes sure that they are on disk. */
const flushAfter = { targets: 100, ms: 1_000 };

/** A backend remembers every relation it ever touched: after so many targets a worker takes a new one. */
const recycleAfter = 200;

/** The workers of one database. */
export interface Crew {
  readonly address: DatabaseAddress;
  readonly queue: Queue<Work>;
  readonly halt: Halt;
  /** How many are at work. */
  size: number;
}

/** A target that is done as far as the server's memory goes. */
interface Unflushed {
  readonly work: Work;
  readonly outcome: Outcome;
}

/**
 * One connection that takes target after target until the queue is empty or the rollout is halted.
 *
 * @param end receives an outcome only when it is sure to survive a crash of the server
 * @throws when it gets no connection; what it had taken is back in the queue then
 */
export async function runWorker(
  crew: Crew,
  options: RolloutOptions,
  end: (outcome: Outcome) => void,
): Promise<void> {
  const { queue, halt } = crew;
  const unflushed = new UnflushedTargets(queue, end);
  let session: Session | undefined;
  let served = 0;
  try {
    for (;;) {
      const item = await queue.take(halt.signal);
      if (item === undefined) {
        await unflushed.flush(session);
        if (queue.isEmpty || halt.signal.aborted) return;
        continue;
      }
      if (session === undefined || session.lost) {
        unflushed.putBack();
        session = await connect(crew, options, item);
        if (session === undefined) return;
        served = 0;
      }
      settle(
        await attemptCancellable(session, item, options),
        session,
        queue,
        options,
        end,
        unflushed,
      );
      served += 1;
      if (unflushed.isDue || served >= recycleAfter) await unflushed.flush(session);
      if (served >= recycleAfter) {
        await session.close();
        session = undefined;
      }
    }
  } finally {
    crew.size -= 1;
    unflushed.putBack();
    await session?.close();
  }
}

/**
 * A server that is full sends one worker after the other home; the last one waits.
 *
 * @returns undefined when this worker is not needed any more
 */
async function connect(
  crew: Crew,
  { connect: patience, observe }: RolloutOptions,
  item: Work,
): Promise<Session | undefined> {
  for (;;) {
    const waitWhenFull = crew.size === 1;
    try {
      return await Session.connect(crew.address, {
        ...{ ...patience, waitWhenFull },
        waitForPasswordMs: patienceWithPasswords,
      });
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      // While it was being refused this one may have become the last.
      if (isServerFull(cause) && !waitWhenFull && crew.size === 1) continue;
      crew.queue.putBack(item, 0);
      if (!isServerFull(cause) || crew.size === 1) throw error;
      observe({
        type: "concurrencyLowered",
        database: crew.address.name,
        to: crew.size - 1,
        reason: messageOf(cause),
      });
      return undefined;
    }
  }
}

/** Makes one attempt, which the user's wish to cancel what runs can end. */
async function attemptCancellable(
  session: Session,
  item: Work,
  options: RolloutOptions,
): Promise<AttemptResult> {
  const { cancel, observe } = options;
  if (item.startedAt === undefined) observe({ type: "targetStarted", target: item.plan.target });
  const started = { ...item, startedAt: item.startedAt ?? performance.now() };
  const onCancel = () => void session.cancel();
  cancel?.addEventListener("abort", onCancel, { once: true });
  try {
    return await attempt(session, started, options);
  } catch (error) {
    // Closed, the session gives back what it may still hold.
    await session.close();
    return { kind: "ended", work: started, outcome: brokenOutcome(started, error) };
  } finally {
    cancel?.removeEventListener("abort", onCancel);
  }
}

function settle(
  result: AttemptResult,
  session: Session,
  queue: Queue<Work>,
  options: RolloutOptions,
  end: (outcome: Outcome) => void,
  unflushed: UnflushedTargets,
): void {
  if (result.kind === "ended") {
    // Also what another runner has applied may not be on disk yet; or what a target had before it failed.
    const { status, applied } = result.outcome;
    const claims = status === "succeeded" || status === "skipped" || applied.length > 0;
    if (claims && !session.pooled) unflushed.add(result);
    else end(result.outcome);
    return;
  }
  const policy = options.retry;
  const { work, reason, lockedByRunner } = result;
  const holders = work.failure?.holders;
  const exhausted = lockedByRunner
    ? performance.now() - (work.startedAt ?? 0) > patienceWithRunners
    : work.attempts >= policy.attempts;
  if (exhausted) {
    end(giveUp(work));
    return;
  }
  const delayMs = delayBefore(lockedByRunner ? work.waits : work.attempts, policy);
  const attempted = work.attempts + work.waits;
  options.observe({
    type: "targetRetried",
    target: work.plan.target,
    attempt: attempted,
    delayMs,
    reason,
    ...(holders === undefined ? {} : { holders }),
  });
  queue.putBack(work, delayMs);
}

/**
 * Steps commit with synchronous_commit off: a crash of the server can lose them, together with their ledger
 * entries. One synchronous commit that writes to the log flushes all before it, provided that the server has
 * not crashed in between, which the session would not have survived. Until then nothing is reported as done.
 */
class UnflushedTargets {
  readonly #queue: Queue<Work>;
  readonly #end: (outcome: Outcome) => void;
  #targets: Unflushed[] = [];
  #since = 0;
  /** A failure may be the reason to stop: it is reported at once. */
  #urgent = false;

  constructor(queue: Queue<Work>, end: (outcome: Outcome) => void) {
    this.#queue = queue;
    this.#end = end;
  }

  add(target: Unflushed): void {
    if (this.#targets.length === 0) this.#since = performance.now();
    this.#targets.push(target);
    this.#urgent ||= isFailure(target.outcome);
  }

  get isDue(): boolean {
    const { length } = this.#targets;
    return (
      this.#urgent ||
      length >= flushAfter.targets ||
      (length > 0 && performance.now() - this.#since > flushAfter.ms)
    );
  }

  /** Flushes and reports; what cannot be flushed is put back, to be looked up in its ledger. */
  async flush(session: Session | undefined): Promise<void> {
    const last = this.#targets.at(-1);
    if (last === undefined) return;
    try {
      if (session === undefined || session.lost) throw new Error("the connection is lost");
      await flushLog(session);
      for (const { outcome } of this.#targets) this.#end(outcome);
      this.#forget();
    } catch {
      await session?.close();
      this.putBack();
    }
  }

  /** Gives up what was not flushed: only the ledgers know what became of it. */
  putBack(): void {
    for (const { work } of this.#targets)
      this.#queue.putBack({ ...work, attempts: work.attempts + 1, unanswered: true }, 0);
    this.#forget();
  }

  #forget(): void {
    this.#targets = [];
    this.#urgent = false;
  }
}
