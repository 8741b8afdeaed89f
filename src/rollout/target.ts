import { messageOf } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import type { Failure, Outcome, OutcomeStatus } from "../core/outcome.ts";
import type { PlanProblem, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss, isRetryable, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { failureOf } from "./failure.ts";
import { runStep, type Script, type StepContext, StepError } from "./step.ts";

/** What a target's rollout needs from outside. */
export interface TargetContext extends StepContext {
  /** The parsed migration of a step. */
  readonly scriptOf: (service: string, tag: string) => Script;
  /** Reads the target's ledger again and plans anew. */
  readonly replan: (session: Session, target: Target) => Promise<TargetPlan>;
  readonly observe: Observer;
}

/** A target on its way: what is still to do, what was done, how often it was tried. */
export interface Work {
  readonly plan: TargetPlan;
  readonly applied: readonly string[];
  readonly attempts: number;
  readonly startedAt: number;
  /** Why the last attempt ended; the reason of the outcome when no further attempt is made. */
  readonly failure?: Failure;
  /** True when the last message's answer was lost: only the ledger knows whether it was applied. */
  readonly unanswered?: boolean;
}

/** What one attempt leads to: the end, or another attempt. */
export type AttemptResult =
  | { readonly kind: "ended"; readonly outcome: Outcome }
  | {
      readonly kind: "again";
      readonly work: Work;
      readonly reason: string;
      readonly lockedByRunner: boolean;
    };

/** Makes one attempt to bring a target to the end of its plan. Never throws for what the target does. */
export async function attempt(
  session: Session,
  work: Work,
  context: TargetContext,
): Promise<AttemptResult> {
  let current = work;
  try {
    if (work.attempts > 0) current = await refreshed(session, work, context);
  } catch (error) {
    return again(current, error, undefined);
  }
  const [problem] = current.plan.problems;
  if (problem !== undefined) return ended(current, "failed", problemFailure(problem));
  for (const [index, step] of current.plan.steps.entries()) {
    const { target } = current.plan;
    const script = context.scriptOf(target.service, step.tag);
    const startedAt = performance.now();
    try {
      await runStep(
        session,
        target,
        step,
        script,
        index === 0 ? current.plan.create : "nothing",
        context,
      );
    } catch (error) {
      const failure = failureOf(error, script);
      return isRetryable(causeOf(error))
        ? again(current, error, failure)
        : ended(current, "failed", failure);
    }
    current = { ...current, applied: [...current.applied, step.tag] };
    context.observe({
      type: "stepApplied",
      target,
      tag: step.tag,
      durationMs: Math.round(performance.now() - startedAt),
    });
  }
  return ended(current, current.applied.length > 0 ? "succeeded" : "skipped");
}

/** Plans anew; a step whose answer was lost counts as applied when the ledger has it. */
async function refreshed(session: Session, work: Work, context: TargetContext): Promise<Work> {
  const plan = await context.replan(session, work.plan.target);
  const { unanswered, ...rest } = work;
  const remaining = new Set(plan.steps.map(({ tag }) => tag));
  const tag = work.failure?.tag;
  const done =
    unanswered === true && tag !== undefined && plan.problems.length === 0 && !remaining.has(tag);
  return { ...rest, plan, applied: done ? [...work.applied, tag] : work.applied };
}

/** Ends a target that is not tried any more. */
export function giveUp(work: Work): Outcome {
  const status =
    work.unanswered === true ? "inDoubt" : work.failure === undefined ? "notExecuted" : "failed";
  return outcome(work, status, work.failure);
}

function again(work: Work, error: unknown, failure: Failure | undefined): AttemptResult {
  const cause = causeOf(error);
  const { unanswered = false, ...rest } = work;
  return {
    kind: "again",
    reason: messageOf(cause),
    lockedByRunner:
      sqlstateOf(cause) === sqlstate.targetLocked || sqlstateOf(cause) === sqlstate.ledgerMoved,
    work: {
      ...rest,
      attempts: work.attempts + 1,
      // An error means that the server rolled back; the end of a connection can also come just after a commit.
      unanswered: failure === undefined ? unanswered : isConnectionLoss(cause),
      failure: failure ?? work.failure ?? connectionFailure(cause),
    },
  };
}

function connectionFailure(cause: unknown): Failure {
  const state = sqlstateOf(cause);
  return {
    message: messageOf(cause),
    remedy: "Look at the database server, then run migrate again.",
    ...(state === undefined ? {} : { sqlstate: state }),
  };
}

function problemFailure(problem: PlanProblem): Failure {
  const { message, remedy, tag } = problem;
  return { message, remedy, ...(tag === undefined ? {} : { tag }) };
}

function ended(work: Work, status: OutcomeStatus, failure?: Failure): AttemptResult {
  return { kind: "ended", outcome: outcome(work, status, failure) };
}

function outcome(work: Work, status: OutcomeStatus, failure: Failure | undefined): Outcome {
  return {
    target: work.plan.target,
    status,
    applied: work.applied,
    durationMs: Math.round(performance.now() - work.startedAt),
    ...(failure === undefined ? {} : { failure }),
  };
}

function causeOf(error: unknown): unknown {
  return error instanceof StepError ? error.cause : error;
}
