import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import type { Migration } from "../core/migration.ts";
import type { Failure, OutcomeStatus } from "../core/outcome.ts";
import type { Step, TargetPlan } from "../core/plan.ts";
import { type Target, targetName } from "../core/target.ts";
import { ledgerOf } from "../ledger/table.ts";
import { NotSentError } from "../postgres/answer.ts";
import { terminateIdleBackend } from "../postgres/backends.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss, isRetryable, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { BatchReporter } from "./batch-reporter.ts";
import { StoppedError } from "./batches.ts";
import { existingAt } from "./existing.ts";
import { failureOf } from "./failure.ts";
import { holdersOf, mostImportant } from "./holders.ts";
import { StepError } from "./pipeline.ts";
import { leavesSealed, runStep } from "./step.ts";
import type { MigrationScript, StepContext } from "./step-run.ts";
import {
  type AttemptResult,
  connectionFailure,
  outcomeOf,
  problemFailure,
  type TargetJob,
  type WaitFor,
  withBatches,
} from "./target-job.ts";

/** What an attempt needs besides the session and the target. */
export interface TargetContext extends StepContext {
  /** The parsed migration of a step; undefined if no target needed it when the rollout was planned. */
  readonly scriptOf: (service: string, tag: string) => MigrationScript | undefined;
  /** Reads the target's ledger again and makes a new plan. */
  readonly replan: (session: Session, target: Target) => Promise<TargetPlan>;
  /** The migrations of all services, to explain failures. */
  readonly histories?: ReadonlyMap<string, { readonly migrations: readonly Migration[] }>;
  readonly observe: Observer;
  readonly clock: Clock;
}

/** How an attempt talks to the other workers of its database. */
export interface AttemptHooks {
  /** Called before each migration, and before each batch of a statement. */
  readonly onStep: (tag: string) => void;
  /** Called when the attempt waits, and the server has nothing to do. */
  readonly onWait: (reason: string) => void;
  /** The target that a server process of this rollout is working on; undefined for other processes. */
  readonly targetOf: (pid: number) => Target | undefined;
}

/** Attempts once to run all steps of a target. Errors of the target are part of the result, not thrown. */
export async function attemptTarget(
  session: Session,
  job: TargetJob,
  context: TargetContext,
  hooks: AttemptHooks,
): Promise<AttemptResult> {
  const { clock } = context;
  let current = job;
  try {
    if (job.attempts + job.waits > 0) current = await refreshed(session, job, context);
  } catch (error) {
    return again(current, error, undefined, clock);
  }
  const refusal = refusalOf(current, clock);
  if (refusal !== undefined) return refusal;
  let { sealed } = current.plan;
  for (const [index, step] of current.plan.steps.entries()) {
    const { target, create } = current.plan;
    const script = context.scriptOf(target.service, step.tag);
    if (script === undefined) return ended(current, "failed", clock, unreadScript(step));
    if (context.stop?.aborted === true) return ended(current, "notExecuted", clock);
    const startedAt = clock.now();
    hooks.onStep(step.tag);
    const onBatch = new BatchReporter({ ...context, ...hooks, target, tag: step.tag });
    try {
      const run = { session, target, step, script, context, sealed, onBatch };
      await runStep(run, index === 0 ? create : "nothing");
      sealed = leavesSealed(run);
    } catch (error) {
      const { position } = onBatch;
      if (position !== undefined) current = withBatches(current, step.tag, position);
      return await afterError({ session, step, script, error }, current, context, hooks);
    }
    current = { ...current, applied: [...current.applied, step.tag] };
    const durationMs = Math.round(clock.now() - startedAt);
    context.observe({ type: "stepApplied", target, tag: step.tag, durationMs });
  }
  return ended(current, current.applied.length > 0 ? "succeeded" : "skipped", clock);
}

/** The result for a target whose plan cannot be run. */
function refusalOf(job: TargetJob, clock: Clock): AttemptResult | undefined {
  const { create, target, problems } = job.plan;
  if (create === "schemaAndLedger" && !job.mayCreate)
    return ended(job, "failed", clock, missingSchema(target));
  const [problem] = problems;
  if (problem?.kind === "locked")
    return again(job, new Error(problem.message), problemFailure(problem), clock);
  return problem && ended(job, "failed", clock, problemFailure(problem));
}

/** Most locks of other runners are short, so the holder is only looked up after this many waits. */
const waitsBeforeLooking = 4;

/** A step that failed. */
export interface FailedAttempt {
  readonly session: Session;
  readonly step: Step;
  readonly script: MigrationScript;
  readonly error: unknown;
}

/** Decides whether to retry a target, and finds out which sessions block it. */
export async function afterError(
  failed: FailedAttempt,
  job: TargetJob,
  context: TargetContext,
  hooks: AttemptHooks,
): Promise<AttemptResult> {
  const { session, step, error } = failed;
  const { target } = job.plan;
  const { clock } = context;
  const cause = causeOf(error);
  if (cause instanceof StoppedError) return ended(job, "notExecuted", clock);
  const state = sqlstateOf(cause);
  const { failure, pids } = await explain(failed, job, context);
  if (!isRetryable(cause)) return ended(job, "failed", clock, failure);
  if (state === sqlstate.ledgerMoved) {
    const moved = `${step.tag} ${step.ledger}`;
    // The ledger was read again and had the same digest: no other runner changed it.
    if (job.moved === moved) return ended(job, "failed", clock, inconsistentLedger(target, step));
    return again({ ...job, moved }, error, failure, clock);
  }
  const blocking =
    state === sqlstate.lockNotAvailable
      ? pids.flatMap((pid) => hooks.targetOf(pid) ?? []).at(0)
      : undefined;
  if (blocking !== undefined) {
    const reason = `waits for ${targetName(blocking)}, which this rollout is migrating`;
    return wait(job, { waitFor: "rollout", reason, failure }, clock);
  }
  const lost = isConnectionLoss(cause) && !session.pooled ? session.backend : job.lost;
  return again(lost === undefined ? job : { ...job, lost }, error, failure, clock);
}

/** The failure to report for an error, and the processes that hold the lock it waited for. */
async function explain(
  { session, script, error }: FailedAttempt,
  { plan: { target }, waits }: TargetJob,
  context: TargetContext,
): Promise<{ failure: Failure; pids: readonly number[] }> {
  const cancelled = context.cancel?.aborted === true;
  const isShortWait =
    sqlstateOf(causeOf(error)) === sqlstate.targetLocked && waits < waitsBeforeLooking;
  const place = { target, sharedSchemas: script.sharedSchemas };
  const holders = cancelled || isShortWait ? [] : await holdersOf(session, place, error);
  const migrations = context.histories?.get(target.service)?.migrations ?? [];
  const existing = cancelled
    ? undefined
    : await existingAt(session, { target, script, migrations }, error);
  const failure = failureOf(error, {
    ...{ target, script, existing, cancelled },
    holders: mostImportant(holders),
  });
  return { failure, pids: holders.map(({ pid }) => pid) };
}

/** Plans the target again. A migration whose answer was lost counts as applied if the ledger has it. */
async function refreshed(
  session: Session,
  job: TargetJob,
  context: TargetContext,
): Promise<TargetJob> {
  if (job.lost !== undefined) await terminateIdleBackend(session, job.lost);
  const plan = await context.replan(session, job.plan.target);
  const { unanswered, ...rest } = job;
  const missing = new Set(plan.steps.map(({ tag }) => tag));
  const tag = unanswered === true ? job.failure?.tag : undefined;
  const claimed =
    tag === undefined || job.applied.includes(tag) ? job.applied : [...job.applied, tag];
  return {
    ...rest,
    plan,
    applied: plan.problems.length > 0 ? job.applied : claimed.filter((one) => !missing.has(one)),
  };
}

function again(
  job: TargetJob,
  error: unknown,
  failure: Failure | undefined,
  clock: Clock,
): AttemptResult {
  const cause = causeOf(error);
  const { unanswered = false, ...rest } = job;
  const state = sqlstateOf(cause);
  if (state === sqlstate.targetLocked || state === sqlstate.ledgerMoved)
    return wait(rest, { waitFor: "runner", reason: messageOf(cause), failure }, clock);
  return {
    kind: "again",
    reason: messageOf(cause),
    job: {
      ...rest,
      attempts: job.attempts + 1,
      // After an error the server has rolled back. A connection can also be lost just after a commit.
      unanswered: failure === undefined ? unanswered : mayHaveRun(cause),
      failure: failure ?? job.failure ?? connectionFailure(cause),
    },
  };
}

/** A lock that an attempt found held. */
interface HeldLock {
  readonly waitFor: WaitFor;
  readonly reason: string;
  readonly failure: Failure | undefined;
}

/** An attempt that found a lock held: it does not count as failed. */
function wait(job: TargetJob, { waitFor, reason, failure }: HeldLock, clock: Clock): AttemptResult {
  const waitingSince = job.waitingSince ?? clock.now();
  const { unanswered: _, ...rest } = job;
  return {
    kind: "again",
    reason,
    waitFor,
    job: {
      ...rest,
      waits: job.waits + 1,
      waitingSince,
      ...(failure === undefined ? {} : { failure }),
    },
  };
}

/** True when the server may have run a message without being able to answer. */
function mayHaveRun(cause: unknown): boolean {
  return isConnectionLoss(cause) && !(cause instanceof NotSentError);
}

/** The target's ledger has changed since the rollout began: it was restored, or another runner changed it. */
function unreadScript({ tag, action }: Step): Failure {
  return {
    tag,
    message:
      action === "downgrade"
        ? `${tag} was applied to this target after the downgrade began`
        : `${tag} was removed from this target's ledger after the rollout began`,
    retryable: true,
    remedy: "Run the same command again.",
  };
}

/** The server and this program compute different digests for the same ledger: only invalid rows cause that. */
function inconsistentLedger({ schema }: Target, { tag }: Step): Failure {
  return {
    tag,
    message: `the ledger of schema "${schema}" is inconsistent: it has duplicate rows or rows with missing values`,
    retryable: false,
    remedy: `Compare its rows with those of another tenant's ledger, and correct them. To see its rows, run: SELECT * FROM ${ledgerOf(schema)} ORDER BY tag`,
  };
}

function missingSchema({ schema }: Target): Failure {
  return {
    message: `schema "${schema}" was removed or renamed after the rollout began`,
    retryable: false,
    remedy:
      "To check whether the tenant was removed or renamed, run: npx drizzle-fleet tenants list",
  };
}

/** The result for a target that needs no further attempt. */
export function ended(
  job: TargetJob,
  status: OutcomeStatus,
  clock: Clock,
  failure?: Failure,
): AttemptResult {
  return { kind: "ended", job, outcome: outcomeOf(job, status, clock, failure) };
}

/** The error that a failed step reports, without its place. */
export function causeOf(error: unknown): unknown {
  return error instanceof StepError ? error.cause : error;
}
