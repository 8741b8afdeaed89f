import type { Target } from "./target.ts";

/**
 * How a target ended: `succeeded`; `failed`; `skipped`, because it had nothing to do; `notExecuted`, because the rollout
 * ended before it was tried; `inDoubt`, because it is unknown what was applied: the next run reads it from the ledger.
 */
export type OutcomeStatus = "succeeded" | "failed" | "skipped" | "notExecuted" | "inDoubt";

/**
 * Why a target did not reach its goal. Contains no secrets, and no customer data except in PostgreSQL's message.
 */
export interface Failure {
  readonly message: string;
  readonly remedy: string;
  /** True if the same command may succeed later without any change: after a lock, a lost connection, a full disk. */
  readonly retryable: boolean;
  readonly sqlstate?: string;
  readonly detail?: string;
  readonly hint?: string;
  /** PostgreSQL's context of the error: functions and triggers, innermost first. */
  readonly context?: string;
  /** The migration that failed. */
  readonly tag?: string;
  readonly file?: string;
  /** The 1-based line of the failing statement, or of the error in it, in the file. */
  readonly line?: number;
  /** The failing statement, shortened to one line. */
  readonly statement?: string;
  /** The sessions that hold the blocking lock. */
  readonly holders?: readonly LockHolder[];
  /**
   * The existing object that the migration tries to create, and who created it; equal for tenants with equal objects.
   */
  readonly existing?: string;
}

/** A session or prepared transaction with a lock that another session is waiting for. */
export interface LockHolder {
  /** 0 for a prepared transaction. */
  readonly pid: number;
  /** The name of a prepared transaction (PREPARE TRANSACTION), which has no session. */
  readonly gid?: string;
  readonly user: string;
  /** The session's application_name; can be empty. */
  readonly application: string;
  /**
   * Its running or last statement on one line, without literals; PostgreSQL hides it from other roles. For a prepared
   * transaction, how to end it: it survives its session and a restart.
   */
  readonly query: string;
  /** The start of its transaction, or of its session for a session-level lock; ISO 8601, if the role may see it. */
  readonly since?: string;
  /** What it holds, for example `AccessExclusiveLock on users`. */
  readonly holds: string;
}

/** What happened to one target in a rollout. */
export interface Outcome {
  readonly target: Target;
  readonly status: OutcomeStatus;
  /** The tags that this rollout applied to the target, in order. */
  readonly applied: readonly string[];
  /** The time that the target took, in milliseconds. */
  readonly durationMs: number;
  readonly failure?: Failure;
  /** Set if a statement has run in some of its batches. The next run continues after them. */
  readonly batches?: UnfinishedBatches;
}

/** How far a statement has run in batches that are committed. */
export interface UnfinishedBatches {
  /** The migration that contains the statement. */
  readonly tag: string;
  readonly batches: number;
  /** The number of rows of the table that these batches covered. */
  readonly rows: number;
}

/** True for an outcome that counts as a failure. So does a target that could not be started. */
export function isFailure({ status, failure }: Outcome): boolean {
  if (status === "notExecuted") return failure !== undefined;
  return status === "failed" || status === "inDoubt";
}

/** Why a rollout ended before its last target. `message` is for people; `kind` tells the cause. */
export interface Stop {
  readonly kind: "interrupted" | "failures" | "canary" | "verify" | "server" | "preflight";
  readonly message: string;
}
