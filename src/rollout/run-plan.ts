import type { Observer, RolloutEvent } from "../core/events.ts";
import { isFailure, type Outcome, type Stop } from "../core/outcome.ts";
import { hasWork, type Plan, type TargetPlan, targetsOf, type Wave } from "../core/plan.ts";
import { Halt } from "./halt.ts";
import type { RolloutOptions } from "./options.ts";
import {
  brokenOutcome,
  connectionFailure,
  giveUp,
  newJob,
  problemOutcome,
  type TargetJob,
} from "./target-job.ts";
import { verify } from "./verify.ts";
import { Watchdog } from "./watchdog.ts";
import { Worker, type WorkerPool } from "./worker.ts";

export interface RolloutResult {
  /** One outcome for each target of the plan, in the plan's order. */
  readonly outcomes: readonly Outcome[];
  /** Why the rollout stopped early, if it did. */
  readonly stopped?: Stop;
}

/** A rollout in progress. */
interface RunningRollout {
  readonly options: RolloutOptions;
  readonly halt: Halt;
  readonly outcomes: Outcome[];
}

/** Runs a plan: one wave after another, the targets of a wave in parallel. All decisions are in the plan. */
export async function runPlan(plan: Plan, options: RolloutOptions): Promise<RolloutResult> {
  const { clock, id } = options;
  const startedAt = clock.now();
  const observe = safeObserver(options.observe);
  const halt = new Halt(options.signal, options.maxFailures, (stop) =>
    observe({ type: "rolloutStopped", stop }),
  );
  const shared = { ...options, observe, stop: halt.signal };
  const rollout: RunningRollout = { options: shared, halt, outcomes: [] };
  const targets = targetsOf(plan);
  const waves = plan.waves.length;
  observe({
    type: "rolloutStarted",
    id,
    waves,
    targets: targets.length,
    steps: stepsIn(targets),
  });
  for (const [index, wave] of plan.waves.entries()) {
    if (halt.stop === undefined) await runWave(rollout, wave, index === waves - 1);
    else for (const target of wave.targets) endUntouched(rollout, wave, target);
  }
  halt.close();
  const { outcomes } = rollout;
  const durationMs = Math.round(clock.now() - startedAt);
  observe({ type: "rolloutEnded", outcomes: outcomes.length, durationMs });
  const order = new Map(targets.map(({ target }, index) => [target, index]));
  outcomes.sort((left, right) => (order.get(left.target) ?? 0) - (order.get(right.target) ?? 0));
  return { outcomes, ...(halt.stop === undefined ? {} : { stopped: halt.stop }) };
}

function stepsIn(targets: readonly TargetPlan[]): number {
  return targets.reduce((sum, { steps }) => sum + steps.length, 0);
}

async function runWave(rollout: RunningRollout, wave: Wave, isLast: boolean): Promise<void> {
  const { options, halt, outcomes } = rollout;
  const { clock, observe } = options;
  const { name, targets } = wave;
  const startedAt = clock.now();
  const before = outcomes.length;
  observe({
    type: "waveStarted",
    wave: name,
    targets: targets.length,
    steps: stepsIn(targets),
  });
  const databases = [...new Set(targets.map(({ target }) => target.database))];
  await Promise.all(databases.map((database) => runDatabase(rollout, wave, database)));
  const own = outcomes.slice(before);
  observe({
    type: "waveEnded",
    wave: name,
    succeeded: own.filter(({ status }) => status === "succeeded").length,
    failed: own.filter(isFailure).length,
    durationMs: Math.round(clock.now() - startedAt),
  });
  if (wave.canary && own.some(({ status }) => status !== "succeeded" && status !== "skipped")) {
    halt.because({ kind: "canary", message: "the canary failed" });
  }
  if (own.some(({ status }) => status !== "skipped" && status !== "notExecuted"))
    await verifyWave(rollout, name, own, isLast);
}

/** Pauses after a wave, then runs the user's verify command. */
async function verifyWave(
  { options, halt }: RunningRollout,
  wave: string,
  outcomes: readonly Outcome[],
  isLast: boolean,
): Promise<void> {
  const { observe, clock, soakMs: durationMs } = options;
  if (halt.stop !== undefined) return;
  if (!isLast && durationMs > 0) {
    observe({ type: "soakStarted", wave, durationMs });
    await clock.sleep(durationMs, halt.signal);
  }
  if (options.verify === undefined || halt.signal.aborted) return;
  observe({ type: "verifyStarted", wave });
  const code = await verify(options.verify, { rollout: options.id, wave, outcomes }, halt.signal);
  observe({ type: "verifyEnded", wave, code });
  if (code === 0) return;
  const ended = code === undefined ? "did not finish" : `exited with code ${code}`;
  halt.because({ kind: "verify", message: `the verify command ${ended} after ${wave}` });
}

async function runDatabase(rollout: RunningRollout, wave: Wave, database: string): Promise<void> {
  const { options, halt } = rollout;
  const plans = wave.targets.filter(({ target }) => target.database === database);
  const missing = new Set(plans.map(({ target }) => target));
  const end = (outcome: Outcome) => {
    missing.delete(outcome.target);
    endTarget(rollout, wave, outcome);
  };
  for (const plan of plans) if (plan.steps.length === 0) endUntouched(rollout, wave, plan);
  const jobs = plans.filter(({ steps }) => steps.length > 0).map(newJob);
  const size = Math.min(options.concurrencyOf(database), jobs.length);
  const queue = options.queueOf(jobs, options.clock);
  const address = options.addressOf(database);
  const watchdog = new Watchdog(address, options.observe, options.clock);
  const pool: WorkerPool = { address, queue, halt, watchdog, size };
  const results = await Promise.allSettled(
    Array.from({ length: size }, () => new Worker(pool, options, end).run()),
  );
  await watchdog.close();
  // A worker that cannot connect leaves its target to the other workers. With no worker left, the rest ends here.
  const reasons = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason] : [],
  );
  for (const job of queue.drain()) end(giveUp(withReason(job, reasons, halt), options.clock));
  // Every target must be in the report, even after a bug in the worker.
  for (const job of jobs)
    if (missing.has(job.plan.target))
      end(brokenOutcome(job, new Error("its outcome was lost"), options.clock));
}

function endTarget(
  { options, halt, outcomes }: RunningRollout,
  wave: Wave,
  outcome: Outcome,
): void {
  outcomes.push(outcome);
  options.observe({ type: "targetEnded", wave: wave.name, outcome });
  halt.count(outcome);
}

/** Ends a target that needs no connection: it has nothing to do or a problem, or the rollout is over. */
function endUntouched(rollout: RunningRollout, wave: Wave, plan: TargetPlan): void {
  const { clock } = rollout.options;
  const [problem] = plan.problems;
  if (!hasWork(plan)) endTarget(rollout, wave, skipped(plan));
  else if (problem === undefined || rollout.halt.stop !== undefined)
    endTarget(rollout, wave, giveUp(newJob(plan), clock));
  else endTarget(rollout, wave, problemOutcome(newJob(plan), problem, clock));
}

/** A job that no worker is left for, with the reason. */
function withReason(job: TargetJob, reasons: readonly unknown[], halt: Halt): TargetJob {
  const [reason] = reasons;
  // It only waited for other runners, so it counts as not executed.
  if (halt.signal.aborted && job.attempts === 0 && job.lost === undefined) {
    const { failure: _, ...untouched } = job;
    return { ...untouched, waits: 0 };
  }
  if (reason === undefined || halt.signal.aborted || job.failure !== undefined) return job;
  return { ...job, failure: connectionFailure(reason) };
}

function skipped({ target }: TargetPlan): Outcome {
  return { target, status: "skipped", applied: [], durationMs: 0 };
}

/** Wraps an observer so that an error it throws does not affect the rollout. */
export function safeObserver(observer: Observer): Observer {
  return (event: RolloutEvent) => {
    try {
      observer(event);
    } catch {
      // A failing observer only loses events.
    }
  };
}
