import type { BatchPosition } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Failure, Outcome, OutcomeStatus, UnfinishedBatches } from "../core/outcome.ts";
import { mayPass, type PlanProblem, type TargetPlan } from "../core/plan.ts";
import type { Backend } from "../postgres/greeting.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import type { RetryPolicy } from "./retry.ts";

/** A target in the queue: what is left to do, what was applied, and how often it was attempted. */
export interface TargetJob {
  readonly plan: TargetPlan;
  /** False if the schema existed when the rollout began: if it is missing later, it was removed on purpose. */
  readonly mayCreate: boolean;
  readonly applied: readonly string[];
  /** Number of failed attempts. */
  readonly attempts: number;
  /** Number of attempts that found the target, or a lock it needs, held by another runner or by this rollout. */
  readonly waits: number;
  /** When the first of those waits began, by the rollout's clock. */
  readonly waitingSince?: number;
  /** When the first attempt began, by the rollout's clock. */
  readonly startedAt: number | undefined;
  /** Why the last attempt ended. The outcome reports it if no further attempt is made. */
  readonly failure?: Failure;
  /** True when the last message got no answer: only the ledger shows whether it was applied. */
  readonly unanswered?: boolean;
  /** The server process of the last lost connection. It may still be running. */
  readonly lost?: Backend;
  /** How far a statement has run in batches. */
  readonly batches?: UnfinishedBatches;
  /** The step and ledger digest of the last attempt that the guard refused, though the ledger had just been read. */
  readonly moved?: string;
}

/** What a target waits for: another runner, or other targets of this rollout. */
export type WaitFor = "runner" | "rollout";

/** The result of an attempt: the target has ended, or needs another attempt. */
export type AttemptResult =
  | { readonly kind: "ended"; readonly job: TargetJob; readonly outcome: Outcome }
  | {
      readonly kind: "again";
      readonly job: TargetJob;
      readonly reason: string;
      /** Set when the attempt found a lock held. It then does not count as failed. */
      readonly waitFor?: WaitFor;
    };

/** A job for a target that was not attempted yet. */
export function newJob(plan: TargetPlan): TargetJob {
  const mayCreate = plan.create === "schemaAndLedger";
  return { plan, mayCreate, applied: [], attempts: 0, waits: 0, startedAt: undefined };
}

/** Ends a target that has a problem, without an attempt. */
export function problemOutcome(job: TargetJob, problem: PlanProblem, clock: Clock): Outcome {
  return outcomeOf(job, "failed", clock, problemFailure(problem));
}

/** Ends a target after an unexpected error. Only its ledger shows what was applied. */
export function brokenOutcome(job: TargetJob, error: unknown, clock: Clock): Outcome {
  return outcomeOf(job, "inDoubt", clock, {
    message: messageOf(error),
    retryable: true,
    remedy:
      "This is a bug in drizzle-fleet: please report it. It is safe to run the same command again.",
  });
}

/** Ends a target that gets no further attempt. */
export function giveUp(job: TargetJob, clock: Clock): Outcome {
  const wasTried = job.attempts + job.waits > 0;
  const isInDoubt =
    job.unanswered === true ||
    // The process of a lost connection may be the one that holds the target.
    (job.lost !== undefined && job.failure?.sqlstate === sqlstate.targetLocked);
  const status = isInDoubt ? "inDoubt" : wasTried ? "failed" : "notExecuted";
  return outcomeOf(job, status, clock, job.failure ?? (isInDoubt ? unconfirmed : undefined));
}

/** The target was migrated, but the rollout ended before its ledger could be read again. */
const unconfirmed: Failure = {
  message: "the connection was lost before its migrations were confirmed on disk",
  retryable: true,
  remedy: "Run the same command again: it reads the ledger first.",
};

/** Why a database could not be reached. */
export function connectionFailure(cause: unknown): Failure {
  const state = sqlstateOf(cause);
  return {
    message: messageOf(cause),
    retryable: true,
    remedy: "Check the database server, then run the same command again.",
    ...(state === undefined ? {} : { sqlstate: state }),
  };
}

export function problemFailure(problem: PlanProblem): Failure {
  const { message, remedy, tag } = problem;
  return { message, remedy, retryable: mayPass(problem), ...(tag === undefined ? {} : { tag }) };
}

export function outcomeOf(
  job: TargetJob,
  status: OutcomeStatus,
  clock: Clock,
  failure?: Failure,
): Outcome {
  const { batches } = job;
  const isUnfinished = batches !== undefined && !job.applied.includes(batches.tag);
  return {
    target: job.plan.target,
    status,
    applied: job.applied,
    durationMs: job.startedAt === undefined ? 0 : Math.round(clock.now() - job.startedAt),
    ...(failure === undefined ? {} : { failure }),
    ...(isUnfinished ? { batches } : {}),
  };
}

/** The job after batches of a statement were committed: earlier failures and waits no longer count. */
export function withBatches(
  job: TargetJob,
  tag: string,
  { batches, rows }: BatchPosition,
): TargetJob {
  const { waitingSince: _, ...rest } = job;
  return { ...rest, batches: { tag, batches, rows }, attempts: 0, waits: 0 };
}

/** How long a target waits for another runner that holds it, in milliseconds. */
const runnerTimeout = 10 * 60_000;

/**
 * True if a job gets no further attempt. Waiting for another target of the same rollout has no limit: that target ends by
 * its own timeouts.
 */
export function isExhausted(
  job: TargetJob,
  waitFor: WaitFor | undefined,
  { attempts }: RetryPolicy,
  now: number,
): boolean {
  if (waitFor === "rollout") return false;
  if (waitFor === undefined) return job.attempts >= attempts;
  return now - (job.waitingSince ?? 0) > runnerTimeout;
}
