import { setTimeout as sleep } from "node:timers/promises";
import type { Observer, RolloutEvent } from "../core/events.ts";
import { isFailure, type Outcome, type Stop } from "../core/outcome.ts";
import { hasWork, type Plan, type TargetPlan, targetsOf, type Wave } from "../core/plan.ts";
import { Attendant } from "./attendant.ts";
import { Halt } from "./halt.ts";
import type { RolloutOptions } from "./options.ts";
import { Queue } from "./queue.ts";
import { brokenOutcome, connectionFailure, giveUp, problemOutcome, type Work } from "./target.ts";
import { verify } from "./verify.ts";
import { type Crew, runWorker } from "./worker.ts";

export interface RolloutResult {
  /** One outcome per target of the plan, in its order, whatever happened. */
  readonly outcomes: readonly Outcome[];
  /** Why the rollout ended early, if it did. */
  readonly stopped?: Stop;
}

/** What the parts of a rollout share. */
interface Rollout {
  readonly options: RolloutOptions;
  readonly halt: Halt;
  readonly outcomes: Outcome[];
}

/** Runs a plan, wave after wave, the targets of a wave in parallel. Decides nothing: what to do stands in the plan. */
export async function runPlan(plan: Plan, options: RolloutOptions): Promise<RolloutResult> {
  const startedAt = performance.now();
  const observe = harmless(options.observe);
  const halt = new Halt(options.signal, options.maxFailures, (stop) =>
    observe({ type: "rolloutStopped", stop }),
  );
  const shared = { ...options, observe, stop: halt.signal };
  const rollout: Rollout = { options: shared, halt, outcomes: [] };
  const targets = targetsOf(plan);
  const { id } = options;
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
  const durationMs = Math.round(performance.now() - startedAt);
  observe({ type: "rolloutEnded", outcomes: outcomes.length, durationMs });
  const order = new Map(targets.map(({ target }, index) => [target, index]));
  outcomes.sort((left, right) => (order.get(left.target) ?? 0) - (order.get(right.target) ?? 0));
  return { outcomes, ...(halt.stop === undefined ? {} : { stopped: halt.stop }) };
}

function stepsIn(targets: readonly TargetPlan[]): number {
  return targets.reduce((sum, { steps }) => sum + steps.length, 0);
}

async function runWave(rollout: Rollout, wave: Wave, last: boolean): Promise<void> {
  const { options, halt, outcomes } = rollout;
  const { name, targets } = wave;
  const startedAt = performance.now();
  const before = outcomes.length;
  options.observe({
    type: "waveStarted",
    wave: name,
    targets: targets.length,
    steps: stepsIn(targets),
  });
  const databases = [...new Set(targets.map(({ target }) => target.database))];
  const plansOf = (database: string) =>
    targets.filter(({ target }) => target.database === database);
  await Promise.all(
    databases.map((database) => runDatabase(rollout, wave, database, plansOf(database))),
  );
  const own = outcomes.slice(before);
  const failed = own.filter(isFailure).length;
  options.observe({
    type: "waveEnded",
    wave: name,
    succeeded: own.filter(({ status }) => status === "succeeded").length,
    failed,
    durationMs: Math.round(performance.now() - startedAt),
  });
  if (wave.canary && own.some(({ status }) => status !== "succeeded" && status !== "skipped")) {
    halt.because({ kind: "canary", message: "the canary failed" });
  }
  if (own.some(({ status }) => status !== "skipped" && status !== "notExecuted"))
    await proveWave(rollout, name, own, last);
}

/** Waits and lets the user's command look, before the next wave follows. */
async function proveWave(
  { options, halt }: Rollout,
  wave: string,
  outcomes: readonly Outcome[],
  last: boolean,
): Promise<void> {
  const { observe, soakMs: durationMs } = options;
  if (halt.stop !== undefined) return;
  if (!last && durationMs > 0) {
    observe({ type: "soakStarted", wave, durationMs });
    await sleep(durationMs, undefined, { signal: halt.signal }).catch(() => undefined);
  }
  if (options.verify === undefined || halt.signal.aborted) return;
  observe({ type: "verifyStarted", wave });
  const code = await verify(options.verify, { rollout: options.id, wave, outcomes }, halt.signal);
  observe({ type: "verifyEnded", wave, code });
  if (code === 0) return;
  const ended = code === undefined ? "did not come to its end" : `ended with ${code}`;
  halt.because({ kind: "verify", message: `the verify command ${ended} after ${wave}` });
}

async function runDatabase(
  rollout: Rollout,
  wave: Wave,
  database: string,
  plans: readonly TargetPlan[],
): Promise<void> {
  const { options, halt } = rollout;
  const missing = new Set(plans.map(({ target }) => target));
  const end = (outcome: Outcome) => {
    missing.delete(outcome.target);
    endTarget(rollout, wave, outcome);
  };
  for (const plan of plans) if (plan.steps.length === 0) endUntouched(rollout, wave, plan);
  const busy = plans.filter(({ steps }) => steps.length > 0).map(newWork);
  const count = Math.min(options.concurrencyOf(database), busy.length);
  const queue = new Queue(busy);
  const address = options.addressOf(database);
  const attendant = new Attendant(address, options.observe);
  const crew: Crew = { address, queue, halt, attendant, size: count };
  const results = await Promise.allSettled(
    Array.from({ length: count }, () => runWorker(crew, options, end)),
  );
  await attendant.close();
  // A worker that gets no connection leaves its targets to the others. When none is left, they end here.
  const reasons = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason] : [],
  );
  for (const rest of queue.rest()) end(giveUp(explained(rest, reasons, halt)));
  // Nobody may vanish from the report, whatever went wrong.
  for (const work of busy)
    if (missing.has(work.plan.target)) end(brokenOutcome(work, new Error("its outcome was lost")));
}

function endTarget({ options, halt, outcomes }: Rollout, wave: Wave, outcome: Outcome): void {
  outcomes.push(outcome);
  options.observe({ type: "targetEnded", wave: wave.name, outcome });
  halt.count(outcome);
}

/** Ends a target that needs no connection: nothing to do, a problem in the way, or the rollout is over. */
function endUntouched(rollout: Rollout, wave: Wave, plan: TargetPlan): void {
  const [problem] = plan.problems;
  const work = newWork(plan);
  if (!hasWork(plan)) endTarget(rollout, wave, skipped(plan));
  else if (problem === undefined || rollout.halt.stop !== undefined)
    endTarget(rollout, wave, giveUp(work));
  else endTarget(rollout, wave, problemOutcome(work, problem));
}

function explained(work: Work, reasons: readonly unknown[], halt: Halt): Work {
  const [reason] = reasons;
  // It has waited for others only.
  if (halt.signal.aborted && work.attempts === 0 && work.lost === undefined) {
    const { failure: _, ...untouched } = work;
    return { ...untouched, waits: 0 };
  }
  if (reason === undefined || halt.signal.aborted || work.failure !== undefined) return work;
  return { ...work, failure: connectionFailure(reason) };
}

function skipped({ target }: TargetPlan): Outcome {
  return { target, status: "skipped", applied: [], durationMs: 0 };
}

function newWork(plan: TargetPlan): Work {
  const mayCreate = plan.create === "schemaAndLedger";
  return { plan, mayCreate, applied: [], attempts: 0, waits: 0, startedAt: undefined };
}

/** An observer that throws changes nothing. */
export function harmless(observer: Observer): Observer {
  return (event: RolloutEvent) => {
    try {
      observer(event);
    } catch {
      // The rollout goes on; whoever watches it badly sees less of it.
    }
  };
}
