import type { Target } from "./target.ts";

export type OutcomeStatus = "succeeded" | "failed" | "skipped" | "notExecuted" | "inDoubt";

/** Why a target was not brought to head. Carries no secret and no customer data beyond PostgreSQL's own message. */
export interface Failure {
  readonly message: string;
  readonly remedy: string;
  readonly sqlstate?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly tag?: string;
  readonly file?: string;
  readonly line?: number;
  /** The failing statement, shortened to one line. */
  readonly statement?: string;
  /** Who holds the lock that was in the way. */
  readonly holders?: readonly LockHolder[];
}

/** A session that holds a lock somebody waits for. */
export interface LockHolder {
  readonly pid: number;
  readonly user: string;
  /** The session's application_name; may be empty. */
  readonly application: string;
  /** Its running or last statement, shortened to one line; PostgreSQL hides it from those who may not see it. */
  readonly query: string;
  /** When its transaction began, or the session itself for a lock that outlives transactions; ISO 8601. */
  readonly since: string;
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

/** True for an outcome that counts as a failure. */
export function isFailure({ status }: Outcome): boolean {
  return status === "failed" || status === "inDoubt";
}

/** Why a rollout ended before its last target. */
export interface Stop {
  readonly kind: "interrupted" | "failures" | "canary" | "verify";
  readonly message: string;
}
