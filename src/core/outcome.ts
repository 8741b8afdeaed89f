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
