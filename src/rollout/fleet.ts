import type { Observer, RolloutEvent } from "../core/events.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Plan, TargetPlan } from "../core/plan.ts";
import type { RolloutOptions } from "./options.ts";
import { Queue } from "./queue.ts";
import { connectionFailure, giveUp, type Work } from "./target.ts";
import { runWorker } from "./worker.ts";

/**
 * Runs a plan, wave after wave, the targets of a wave in parallel. Decides nothing: what to do stands in the plan.
 *
 * @returns one outcome per target of the plan, in its order, whatever happened
 */
export async function runPlan(plan: Plan, options: RolloutOptions): Promise<Outcome[]> {
  const startedAt = performance.now();
  const observe = harmless(options.observe);
  const targets = plan.waves.flat();
  const steps = targets.reduce((sum, target) => sum + target.steps.length, 0);
  observe({ type: "rolloutStarted", targets: targets.length, steps });
  const outcomes: Outcome[] = [];
  const end = (outcome: Outcome): void => {
    outcomes.push(outcome);
    observe({ type: "targetEnded", outcome });
  };
  for (const wave of plan.waves) await runWave(wave, { ...options, observe }, end);
  const durationMs = Math.round(performance.now() - startedAt);
  observe({ type: "rolloutEnded", outcomes: outcomes.length, durationMs });
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
  const address = options.addressOf(database);
  const count = Math.min(options.concurrency, busy.length);
  const results = await Promise.allSettled(
    Array.from({ length: count }, () => runWorker(address, queue, options, end)),
  );
  // A worker that gets no connection leaves its targets to the others. When none is left, they end here.
  const reasons = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason] : [],
  );
  for (const rest of queue.rest()) end(giveUp(explained(rest, reasons, options.signal)));
}

function explained(work: Work, reasons: readonly unknown[], signal: AbortSignal | undefined): Work {
  const [reason] = reasons;
  if (reason === undefined || signal?.aborted === true || work.failure !== undefined) return work;
  return { ...work, failure: connectionFailure(reason) };
}

function hasWork({ steps, problems }: TargetPlan): boolean {
  return steps.length > 0 || problems.length > 0;
}

function newWork(plan: TargetPlan): Work {
  return { plan, applied: [], attempts: 0, waits: 0, startedAt: undefined };
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
