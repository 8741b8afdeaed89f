import type { DatabaseAddress } from "../core/database.ts";
import { messageOf } from "../core/errors.ts";
import type { Observer, RolloutEvent } from "../core/events.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Plan, TargetPlan } from "../core/plan.ts";
import { ScriptError } from "../postgres/script.ts";
import { type ConnectOptions, Session } from "../postgres/session.ts";
import { isRetryable } from "../postgres/sqlstate.ts";
import { Queue } from "./queue.ts";
import { defaultRetry, delayBefore, type RetryPolicy } from "./retry.ts";
import { type AttemptResult, attempt, giveUp, type TargetContext, type Work } from "./target.ts";

export interface RolloutOptions extends TargetContext {
  readonly addressOf: (database: string) => DatabaseAddress;
  readonly connect: ConnectOptions;
  /** Targets at the same time, in each database. */
  readonly concurrency: number;
  readonly retry?: RetryPolicy;
  /** Aborted: what runs ends, nothing more is started. */
  readonly signal?: AbortSignal;
}

/** How long a target waits for another runner that holds it, in milliseconds. */
const patienceWithRunners = 10 * 60_000;

/**
 * Runs a plan, wave after wave, the targets of a wave in parallel. Decides nothing: what to do stands in the plan.
 *
 * @returns one outcome per target of the plan, whatever happened
 */
export async function runPlan(plan: Plan, options: RolloutOptions): Promise<Outcome[]> {
  const startedAt = performance.now();
  const observe = harmless(options.observe);
  const targets = plan.waves.flat();
  observe({
    type: "rolloutStarted",
    targets: targets.length,
    steps: targets.reduce((sum, { steps }) => sum + steps.length, 0),
  });
  const outcomes: Outcome[] = [];
  const end = (outcome: Outcome): void => {
    outcomes.push(outcome);
    observe({ type: "targetEnded", outcome });
  };
  for (const wave of plan.waves) await runWave(wave, { ...options, observe }, end);
  observe({
    type: "rolloutEnded",
    outcomes: outcomes.length,
    durationMs: Math.round(performance.now() - startedAt),
  });
  const order = new Map(targets.map(({ target }, index) => [target, index]));
  return outcomes.sort(
    (left, right) => (order.get(left.target) ?? 0) - (order.get(right.target) ?? 0),
  );
}

async function runWave(
  wave: readonly TargetPlan[],
  options: RolloutOptions,
  end: (outcome: Outcome) => void,
): Promise<void> {
  const databases = [...new Set(wave.map(({ target }) => target.database))];
  const plansOf = (database: string) => wave.filter(({ target }) => target.database === database);
  await Promise.all(
    databases.map((database) => runDatabase(database, plansOf(database), options, end)),
  );
}

async function runDatabase(
  database: string,
  plans: readonly TargetPlan[],
  options: RolloutOptions,
  end: (outcome: Outcome) => void,
): Promise<void> {
  const busy = plans.filter(hasWork).map(newWork);
  for (const { target } of plans.filter((plan) => !hasWork(plan))) {
    end({ target, status: "skipped", applied: [], durationMs: 0 });
  }
  const queue = new Queue(busy);
  const workers = Array.from({ length: Math.min(options.concurrency, busy.length) }, () =>
    work(options.addressOf(database), queue, options, end),
  );
  await Promise.all(workers);
  for (const rest of queue.rest()) end(giveUp(rest));
}

function hasWork({ steps, problems }: TargetPlan): boolean {
  return steps.length > 0 || problems.length > 0;
}

function newWork(plan: TargetPlan): Work {
  return { plan, applied: [], attempts: 0, startedAt: performance.now() };
}

/** One connection that takes target after target until the queue is empty. */
async function work(
  address: DatabaseAddress,
  queue: Queue<Work>,
  options: RolloutOptions,
  end: (outcome: Outcome) => void,
): Promise<void> {
  let session: Session | undefined;
  let wroteSomething = false;
  try {
    for (
      let item = await queue.take(options.signal);
      item !== undefined;
      item = await queue.take(options.signal)
    ) {
      const startedAt = item.attempts === 0 ? performance.now() : item.startedAt;
      const started = { ...item, startedAt };
      try {
        if (session === undefined || session.lost)
          session = await Session.connect(address, options.connect);
      } catch (error) {
        // Waiting again for every further target would take hours: the rest is not executed.
        end(giveUp({ ...started, failure: unreachable(error, started) }));
        return;
      }
      const result = await attempt(session, started, options);
      wroteSomething ||= result.kind === "ended" && result.outcome.applied.length > 0;
      settle(result, queue, options, end);
    }
    if (wroteSomething && session !== undefined) await flush(session, address, options.connect);
  } finally {
    await session?.close();
  }
}

function settle(
  result: AttemptResult,
  queue: Queue<Work>,
  options: RolloutOptions,
  end: (outcome: Outcome) => void,
): void {
  if (result.kind === "ended") {
    end(result.outcome);
    return;
  }
  const policy = options.retry ?? defaultRetry;
  const { work: item, reason, lockedByRunner } = result;
  const exhausted = lockedByRunner
    ? performance.now() - item.startedAt > patienceWithRunners
    : item.attempts >= policy.attempts;
  if (exhausted) {
    end(giveUp(item));
    return;
  }
  const delayMs = delayBefore(item.attempts, policy);
  options.observe({
    type: "targetRetried",
    target: item.plan.target,
    attempt: item.attempts,
    delayMs,
    reason,
  });
  queue.putBack(item, delayMs);
}

function unreachable(error: unknown, item: Work): NonNullable<Work["failure"]> {
  return {
    ...item.failure,
    message: messageOf(error),
    remedy: "Look at the database server, then run migrate again.",
  };
}

/**
 * Steps commit with synchronous_commit off. One synchronous commit that writes to the log flushes everything
 * before it, so that what is reported as done survives a crash of the server.
 */
async function flush(
  session: Session,
  address: DatabaseAddress,
  connect: ConnectOptions,
): Promise<void> {
  const sql =
    "SET synchronous_commit = on; SELECT pg_catalog.pg_logical_emit_message(true, 'drizzle-fleet', 'flush')";
  try {
    await session.script(sql);
  } catch (error) {
    if (!(error instanceof ScriptError && isRetryable(error.cause))) throw error;
    const fresh = await Session.connect(address, connect);
    await fresh.script(sql).finally(() => fresh.close());
  }
}

/** An observer that throws changes nothing. */
function harmless(observer: Observer): Observer {
  return (event: RolloutEvent) => {
    try {
      observer(event);
    } catch {
      // The rollout goes on; whoever watches it badly sees less of it.
    }
  };
}
