import { messageOf } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import type { Failure, Outcome, OutcomeStatus } from "../core/outcome.ts";
import type { PlanProblem, Step, TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { NotSentError } from "../postgres/answer.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss, isRetryable, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { failureOf } from "./failure.ts";
import { holdersOf } from "./holders.ts";
import { StepError } from "./message.ts";
import type { Script, StepContext } from "./run.ts";
import { runStep } from "./step.ts";

/** What a target's rollout needs from outside. */
export interface TargetContext extends StepContext {
  /** The parsed migration of a step; undefined for one that no target missed when the rollout was planned. */
  readonly scriptOf: (service: string, tag: string) => Script | undefined;
  /** Reads the target's ledger again and plans anew. */
  readonly replan: (session: Session, target: Target) => Promise<TargetPlan>;
  readonly observe: Observer;
  /** Aborted: no further migration is begun. */
  readonly stop?: AbortSignal;
}

/** A target on its way: what is still to do, what was done, how often it was tried. */
export interface Work {
  readonly plan: TargetPlan;
  /** False: the schema was there when the rollout began. Should it be gone since, somebody else wanted it so. */
  readonly mayCreate: boolean;
  readonly applied: readonly string[];
  /** Attempts that failed, and attempts that found another runner at work. */
  readonly attempts: number;
  readonly waits: number;
  /** When the first attempt began, by the process's clock. */
  readonly startedAt: number | undefined;
  /** Why the last attempt ended; the reason of the outcome when no further attempt is made. */
  readonly failure?: Failure;
  /** True when the last message's answer was lost: only the ledger knows whether it was applied. */
  readonly unanswered?: boolean;
}

/** What one attempt leads to: the end, or another attempt. */
export type AttemptResult =
  | { readonly kind: "ended"; readonly work: Work; readonly outcome: Outcome }
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
    if (work.attempts + work.waits > 0) current = await refreshed(session, work, context);
  } catch (error) {
    return again(current, error, undefined);
  }
  if (current.plan.create === "schemaAndLedger" && !current.mayCreate)
    return ended(current, "failed", goneSince(current.plan.target));
  const [problem] = current.plan.problems;
  if (problem?.kind === "locked")
    return again(current, new Error(problem.message), problemFailure(problem));
  if (problem !== undefined) return ended(current, "failed", problemFailure(problem));
  for (const [index, step] of current.plan.steps.entries()) {
    const { target } = current.plan;
    const script = context.scriptOf(target.service, step.tag);
    if (script === undefined) return ended(current, "failed", unreadScript(step));
    if (context.stop?.aborted === true) return ended(current, "notExecuted");
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
      const failure = await explained(session, target, error, script, current, context);
      return isRetryable(causeOf(error))
        ? again(current, error, failure)
        : ended(current, "failed", failure);
    }
    current = { ...current, applied: [...current.applied, step.tag] };
    const durationMs = Math.round(performance.now() - startedAt);
    context.observe({ type: "stepApplied", target, tag: step.tag, durationMs });
  }
  return ended(current, current.applied.length > 0 ? "succeeded" : "skipped");
}

/** A runner at work is named only after some waiting: mostly it is gone by then. */
const waitsBeforeLooking = 4;

async function explained(
  session: Session,
  target: Target,
  error: unknown,
  script: Script,
  { waits }: Work,
  { cancel }: TargetContext,
): Promise<Failure> {
  const cancelled = cancel?.aborted === true;
  const brief = sqlstateOf(causeOf(error)) === sqlstate.targetLocked && waits < waitsBeforeLooking;
  const holders = cancelled || brief ? [] : await holdersOf(session, target, error);
  return failureOf(error, script, holders, cancelled);
}

/** Plans anew. What was applied, or may have been when its answer was lost, counts if the ledger has it. */
async function refreshed(session: Session, work: Work, context: TargetContext): Promise<Work> {
  const plan = await context.replan(session, work.plan.target);
  const { unanswered, ...rest } = work;
  const missing = new Set(plan.steps.map(({ tag }) => tag));
  const tag = unanswered === true ? work.failure?.tag : undefined;
  const claimed =
    tag === undefined || work.applied.includes(tag) ? work.applied : [...work.applied, tag];
  return {
    ...rest,
    plan,
    applied: plan.problems.length > 0 ? work.applied : claimed.filter((one) => !missing.has(one)),
  };
}

/** Ends a target that has a problem: it is not even tried. */
export function problemOutcome(work: Work, problem: PlanProblem): Outcome {
  return outcome(work, "failed", problemFailure(problem));
}

/** Ends a target after an error that nobody foresaw: what became of it, only its ledger knows. */
export function brokenOutcome(work: Work, error: unknown): Outcome {
  return outcome(work, "inDoubt", {
    message: messageOf(error),
    remedy:
      "This is a bug in drizzle-fleet: please report it. Running the same command again is safe.",
  });
}

/** Ends a target that is not tried any more. */
export function giveUp(work: Work): Outcome {
  const tried = work.attempts + work.waits > 0;
  const status = work.unanswered === true ? "inDoubt" : tried ? "failed" : "notExecuted";
  return outcome(work, status, work.failure);
}

function again(work: Work, error: unknown, failure: Failure | undefined): AttemptResult {
  const cause = causeOf(error);
  const { unanswered = false, ...rest } = work;
  const state = sqlstateOf(cause);
  const lockedByRunner = state === sqlstate.targetLocked || state === sqlstate.ledgerMoved;
  return {
    kind: "again",
    reason: messageOf(cause),
    lockedByRunner,
    work: {
      ...rest,
      attempts: work.attempts + (lockedByRunner ? 0 : 1),
      waits: work.waits + (lockedByRunner ? 1 : 0),
      // An error means that the server rolled back; the end of a connection can also come just after a commit.
      unanswered: failure === undefined ? unanswered : mayHaveRun(cause),
      failure: failure ?? work.failure ?? connectionFailure(cause),
    },
  };
}

/** True when the server may have done what it was sent, and could not say so. */
function mayHaveRun(cause: unknown): boolean {
  return isConnectionLoss(cause) && !(cause instanceof NotSentError);
}

/** Why a target could not be reached at all. */
export function connectionFailure(cause: unknown): Failure {
  const state = sqlstateOf(cause);
  return {
    message: messageOf(cause),
    remedy: "Look at the database server, then run the same command again.",
    ...(state === undefined ? {} : { sqlstate: state }),
  };
}

/** The target is elsewhere than when the rollout began: somebody restored it, or went the other way. */
function unreadScript({ tag, action }: Step): Failure {
  return {
    tag,
    message:
      action === "downgrade"
        ? `${tag} was applied here after the downgrade had begun`
        : `${tag} is missing here since the rollout began`,
    remedy: "Run the same command again.",
  };
}

function goneSince({ schema }: Target): Failure {
  return {
    message: `the schema ${schema} is gone since the rollout began`,
    remedy: "Was the tenant removed, or renamed? See who is there: drizzle-fleet tenants list",
  };
}

function problemFailure(problem: PlanProblem): Failure {
  const { message, remedy, tag } = problem;
  return { message, remedy, ...(tag === undefined ? {} : { tag }) };
}

function ended(work: Work, status: OutcomeStatus, failure?: Failure): AttemptResult {
  return { kind: "ended", work, outcome: outcome(work, status, failure) };
}

function outcome(work: Work, status: OutcomeStatus, failure: Failure | undefined): Outcome {
  return {
    target: work.plan.target,
    status,
    applied: work.applied,
    durationMs: work.startedAt === undefined ? 0 : Math.round(performance.now() - work.startedAt),
    ...(failure === undefined ? {} : { failure }),
  };
}

function causeOf(error: unknown): unknown {
  return error instanceof StepError ? error.cause : error;
}
