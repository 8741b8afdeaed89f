import type { Target } from "./target.ts";

export type OutcomeStatus = "succeeded" | "failed" | "skipped" | "notExecuted" | "inDoubt";

/** Why a target was not brought to head. Carries no secret and no customer data beyond PostgreSQL's own message. */
export interface Failure {
  readonly message: string;
  readonly remedy: string;
  readonly sqlstate?: string;
  readonly detail?: string;
  readonly hint?: string;
  /** PostgreSQL's context: the functions and triggers that the error came from, innermost first. */
  readonly context?: string;
  readonly tag?: string;
  readonly file?: string;
  readonly line?: number;
  /** The failing statement, shortened to one line. */
  readonly statement?: string;
  /** Who holds the lock that was in the way. */
  readonly holders?: readonly LockHolder[];
  /** What exists already where the migration makes it, and who made that; the same for tenants that have the same. */
  readonly existing?: string;
}

/** A session, or a prepared transaction, that holds a lock which is waited for. */
export interface LockHolder {
  /** 0 for a prepared transaction. */
  readonly pid: number;
  /** The name of a prepared transaction (PREPARE TRANSACTION), which has no session any more. */
  readonly gid?: string;
  readonly user: string;
  /** The session's application_name; may be empty. */
  readonly application: string;
  /**
   * Its running or last statement on one line, without its literals; PostgreSQL hides it from other roles. For a
   * prepared transaction, how to end it: no session and no restart does.
   */
  readonly query: string;
  /** When its transaction began, or the session for a lock that outlives transactions; ISO 8601, if it may be seen. */
  readonly since?: string;
  /** What it holds, for example `AccessExclusiveLock on users`. */
  readonly holds: string;
}

/** What happened to one target in a rollout. */
export interface Outcome {
  readonly target: Target;
  readonly status: OutcomeStatus;
  /** Tags that this rollout applied to the target, in order. */
  readonly applied: readonly string[];
  readonly durationMs: number;
  readonly failure?: Failure;
}

/** True for an outcome that counts as a failure; so does a target that could not even be begun. */
export function isFailure({ status, failure }: Outcome): boolean {
  if (status === "notExecuted") return failure !== undefined;
  return status === "failed" || status === "inDoubt";
}

/** Why a rollout ended before its last target. */
export interface Stop {
  readonly kind: "interrupted" | "failures" | "canary" | "verify" | "server";
  readonly message: string;
}
