import type { DatabaseAddress } from "../core/database.ts";
import { messageOf } from "../core/errors.ts";
import type { Outcome } from "../core/outcome.ts";
import { Session } from "../postgres/session.ts";
import { isServerFull } from "../postgres/sqlstate.ts";
import type { Attendant, WorkerState } from "./attendant.ts";
import type { Halt } from "./halt.ts";
import type { RolloutOptions } from "./options.ts";
import type { Queue } from "./queue.ts";
import { delayBefore, type RetryPolicy } from "./retry.ts";
import {
  type AttemptResult,
  attempt,
  brokenOutcome,
  giveUp,
  type WaitFor,
  type Work,
} from "./target.ts";
import { UnflushedTargets } from "./unflushed.ts";

/** How long a target waits for another runner that holds it, in milliseconds. */
const patienceWithRunners = 10 * 60_000;

/** The password was right when the rollout began: how long to wait for a new one, in milliseconds. */
const patienceWithPasswords = 5_000;

/** A backend remembers every relation it ever touched: after so many targets a worker takes a new one. */
const recycleAfter = 200;

/** The workers of one database. */
export interface Crew {
  readonly address: DatabaseAddress;
  readonly queue: Queue<Work>;
  readonly halt: Halt;
  readonly attendant: Attendant;
  /** How many are at work. */
  size: number;
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
  const { queue, halt, attendant } = crew;
  const unflushed = new UnflushedTargets(queue, end);
  const worker: WorkerState = { session: undefined, busy: undefined, unflushed };
  attendant.workers.add(worker);
  let served = 0;
  try {
    for (;;) {
      const item = await queue.take(halt.signal);
      if (item === undefined) {
        await unflushed.flush(worker.session);
        if (queue.isEmpty || halt.signal.aborted) return;
        continue;
      }
      if (worker.session === undefined || worker.session.lost) {
        unflushed.putBack();
        worker.session = await connect(crew, options, item, worker);
        if (worker.session === undefined) return;
        served = 0;
      }
      const { session } = worker;
      settle(
        await attemptCancellable(crew, worker, session, item, options),
        session,
        crew,
        options,
        end,
        unflushed,
      );
      served += 1;
      if (unflushed.isDue || served >= recycleAfter) await unflushed.flush(session);
      if (served >= recycleAfter) {
        await session.close();
        worker.session = undefined;
      }
    }
  } finally {
    crew.size -= 1;
    attendant.workers.delete(worker);
    unflushed.putBack();
    await worker.session?.close();
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
  worker: WorkerState,
): Promise<Session | undefined> {
  const since = performance.now();
  worker.busy = { since };
  const onWait = (reason: string) => {
    worker.busy = { since, reason };
  };
  for (;;) {
    const waitWhenFull = crew.size === 1;
    try {
      return await Session.connect(crew.address, {
        ...{ ...patience, waitWhenFull, onWait },
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
  { attendant }: Crew,
  worker: WorkerState,
  session: Session,
  item: Work,
  options: RolloutOptions,
): Promise<AttemptResult> {
  const { cancel, observe } = options;
  const { target } = item.plan;
  if (item.startedAt === undefined) observe({ type: "targetStarted", target });
  worker.busy = { since: performance.now(), target };
  const started = { ...item, startedAt: item.startedAt ?? performance.now() };
  const onCancel = () => void session.cancel();
  cancel?.addEventListener("abort", onCancel, { once: true });
  try {
    return await attempt(session, started, options, {
      begun: (tag) => {
        worker.busy = { since: performance.now(), target, tag };
      },
      targetOf: (pid) => attendant.targetOf(pid),
    });
  } catch (error) {
    // Closed, the session gives back what it may still hold.
    await session.close();
    return { kind: "ended", work: started, outcome: brokenOutcome(started, error) };
  } finally {
    worker.busy = undefined;
    cancel?.removeEventListener("abort", onCancel);
  }
}

function settle(
  result: AttemptResult,
  session: Session,
  { queue }: Crew,
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
  const { work, reason, waitFor } = result;
  const holders = work.failure?.holders;
  if (isExhausted(work, waitFor, policy)) {
    end(giveUp(work));
    return;
  }
  const delayMs = delayBefore(waitFor === undefined ? work.attempts : work.waits, policy);
  const attempted = work.attempts + work.waits;
  options.observe({
    type: "targetRetried",
    target: work.plan.target,
    attempt: attempted,
    delayMs,
    reason,
    ...(waitFor === undefined ? {} : { waitFor }),
    ...(holders === undefined ? {} : { holders }),
  });
  queue.putBack(work, delayMs);
}

/** Other targets of the same rollout come to their end, so that no wait for them is too long. */
function isExhausted(work: Work, waitFor: WaitFor | undefined, { attempts }: RetryPolicy): boolean {
  if (waitFor === "rollout") return false;
  if (waitFor === undefined) return work.attempts >= attempts;
  return performance.now() - (work.waitingSince ?? 0) > patienceWithRunners;
}
