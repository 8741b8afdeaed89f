import { messageOf } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import type { Migration } from "../core/migration.ts";
import type { Failure, Outcome, OutcomeStatus } from "../core/outcome.ts";
import type { PlanProblem, Step, TargetPlan } from "../core/plan.ts";
import { type Target, targetName } from "../core/target.ts";
import { ledgerOf } from "../ledger/table.ts";
import { NotSentError } from "../postgres/answer.ts";
import { terminateIdleBackend } from "../postgres/backends.ts";
import type { Backend } from "../postgres/greeting.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss, isRetryable, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { existingAt } from "./existing.ts";
import { failureOf } from "./failure.ts";
import { holdersOf, named } from "./holders.ts";
import { StepError } from "./message.ts";
import type { Script, StepContext } from "./run.ts";
import { runStep } from "./step.ts";

/** What a target's rollout needs from outside. */
export interface TargetContext extends StepContext {
  /** The parsed migration of a step; undefined for one that no target missed when the rollout was planned. */
  readonly scriptOf: (service: string, tag: string) => Script | undefined;
  /** Reads the target's ledger again and plans anew. */
  readonly replan: (session: Session, target: Target) => Promise<TargetPlan>;
  /** The migrations of the fleet's services; for what a failure tells. */
  readonly histories?: ReadonlyMap<string, { readonly migrations: readonly Migration[] }>;
  readonly observe: Observer;
  /** Aborted: no further migration is begun. */
  readonly stop?: AbortSignal;
}

/** What a target's rollout is told of, and may ask about, its crew. */
export interface CrewView {
  /** A migration of the target is about to run. */
  readonly begun: (tag: string) => void;
  /** The target that a process of this crew works on; undefined for other processes. */
  readonly targetOf: (pid: number) => Target | undefined;
}

/** A target on its way: what is still to do, what was done, how often it was tried. */
export interface Work {
  readonly plan: TargetPlan;
  /** False: the schema was there when the rollout began. Should it be gone since, somebody else wanted it so. */
  readonly mayCreate: boolean;
  readonly applied: readonly string[];
  /** Attempts that failed, and attempts that found another runner, or this one, at work on what they need. */
  readonly attempts: number;
  readonly waits: number;
  /** When the first of those waits began, by the process's clock. */
  readonly waitingSince?: number;
  /** When the first attempt began, by the process's clock. */
  readonly startedAt: number | undefined;
  /** Why the last attempt ended; the reason of the outcome when no further attempt is made. */
  readonly failure?: Failure;
  /** True when the last message's answer was lost: only the ledger knows whether it was applied. */
  readonly unanswered?: boolean;
  /** The process of the last connection that was lost: it may be at work still. */
  readonly lost?: Backend;
  /** Where the ledger was not when a step began, though it had just been read there: the step and the digest. */
  readonly moved?: string;
}

/** Who a target waits for: another runner, or other targets of this rollout. */
export type WaitFor = "runner" | "rollout";

/** What one attempt leads to: the end, or another attempt. */
export type AttemptResult =
  | { readonly kind: "ended"; readonly work: Work; readonly outcome: Outcome }
  | {
      readonly kind: "again";
      readonly work: Work;
      readonly reason: string;
      /** Set when the attempt was a wait, and no failure. */
      readonly waitFor?: WaitFor;
    };

/** Makes one attempt to bring a target to the end of its plan. Never throws for what the target does. */
export async function attempt(
  session: Session,
  work: Work,
  context: TargetContext,
  crew: CrewView,
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
    crew.begun(step.tag);
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
      const stopped = { session, step, script, error };
      return await afterError(stopped, current, context, crew);
    }
    current = { ...current, applied: [...current.applied, step.tag] };
    const durationMs = Math.round(performance.now() - startedAt);
    context.observe({ type: "stepApplied", target, tag: step.tag, durationMs });
  }
  return ended(current, current.applied.length > 0 ? "succeeded" : "skipped");
}

/** A runner at work is named only after some waiting: mostly it is gone by then. */
const waitsBeforeLooking = 4;

/** A step that was stopped by an error. */
interface Stopped {
  readonly session: Session;
  readonly step: Step;
  readonly script: Script;
  readonly error: unknown;
}

/** Decides whether a target is tried again, and finds out who is in its way. */
async function afterError(
  { session, step, script, error }: Stopped,
  work: Work,
  context: TargetContext,
  crew: CrewView,
): Promise<AttemptResult> {
  const { target } = work.plan;
  const state = sqlstateOf(causeOf(error));
  const cancelled = context.cancel?.aborted === true;
  const brief = state === sqlstate.targetLocked && work.waits < waitsBeforeLooking;
  const place = { target, sharedSchemas: script.sharedSchemas };
  const holders = cancelled || brief ? [] : await holdersOf(session, place, error);
  const migrations = context.histories?.get(target.service)?.migrations ?? [];
  const existing = cancelled
    ? undefined
    : await existingAt(session, { target, script, migrations }, error);
  const failure = failureOf(error, {
    ...{ target, script, existing, cancelled },
    holders: named(holders),
  });
  if (!isRetryable(causeOf(error))) return ended(work, "failed", failure);
  if (state === sqlstate.ledgerMoved) {
    const moved = `${step.tag} ${step.ledger}`;
    // Read again it was the same: nobody has moved it.
    if (work.moved === moved) return ended(work, "failed", unsoundLedger(target, step));
    return again({ ...work, moved }, error, failure);
  }
  const colleague =
    state === sqlstate.lockNotAvailable
      ? holders.flatMap(({ pid }) => crew.targetOf(pid) ?? []).at(0)
      : undefined;
  if (colleague !== undefined) {
    const reason = `waits for ${targetName(colleague)}, which this rollout is migrating`;
    return wait(work, "rollout", reason, failure);
  }
  const lost = isConnectionLoss(causeOf(error)) && !session.pooled ? session.backend : work.lost;
  return again(lost === undefined ? work : { ...work, lost }, error, failure);
}

/** Plans anew. What was applied, or may have been when its answer was lost, counts if the ledger has it. */
async function refreshed(session: Session, work: Work, context: TargetContext): Promise<Work> {
  if (work.lost !== undefined) await terminateIdleBackend(session, work.lost);
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
  const doubtful =
    work.unanswered === true ||
    // What holds the target may be the process of a connection that was lost.
    (work.lost !== undefined && work.failure?.sqlstate === sqlstate.targetLocked);
  const status = doubtful ? "inDoubt" : tried ? "failed" : "notExecuted";
  return outcome(work, status, work.failure ?? (doubtful ? unflushed : undefined));
}

/** It was done, and the rollout ended before its ledger could be looked at again. */
const unflushed: Failure = {
  message: "the connection was lost before its migrations were confirmed on disk",
  remedy: "Run the same command again: it reads the ledger first.",
};

function again(work: Work, error: unknown, failure: Failure | undefined): AttemptResult {
  const cause = causeOf(error);
  const { unanswered = false, ...rest } = work;
  const state = sqlstateOf(cause);
  if (state === sqlstate.targetLocked || state === sqlstate.ledgerMoved)
    return wait(rest, "runner", messageOf(cause), failure);
  return {
    kind: "again",
    reason: messageOf(cause),
    work: {
      ...rest,
      attempts: work.attempts + 1,
      // An error means that the server rolled back; the end of a connection can also come just after a commit.
      unanswered: failure === undefined ? unanswered : mayHaveRun(cause),
      failure: failure ?? work.failure ?? connectionFailure(cause),
    },
  };
}

/** Another attempt that the one before does not count for: it found that others are at work. */
function wait(
  work: Work,
  waitFor: WaitFor,
  reason: string,
  failure: Failure | undefined,
): AttemptResult {
  const waitingSince = work.waitingSince ?? performance.now();
  const { unanswered: _, ...rest } = work;
  return {
    kind: "again",
    reason,
    waitFor,
    work: {
      ...rest,
      waits: work.waits + 1,
      waitingSince,
      ...(failure === undefined ? {} : { failure }),
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

/** The guard computes the digest from the ledger's rows as they are; the plan from what was read of them. */
function unsoundLedger({ schema }: Target, { tag }: Step): Failure {
  return {
    tag,
    message: `the ledger of schema "${schema}" is inconsistent: it has duplicate rows, or rows without a value`,
    remedy: `Compare it with the ledger of another tenant, and correct its rows: SELECT * FROM ${ledgerOf(schema)} ORDER BY tag`,
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
