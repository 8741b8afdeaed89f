import type { LockHolder, Outcome, Stop } from "./outcome.ts";
import type { PreflightReport } from "./preflight.ts";
import type { Target } from "./target.ts";

/** A migration that is running, or a connection that is not established yet. */
export interface Waiting {
  /** Undefined while waiting for a connection. */
  readonly target?: Target;
  /** The running migration. */
  readonly tag?: string;
  /** The time it has taken so far, in milliseconds. */
  readonly forMs: number;
  /** Why the last attempt to connect failed. */
  readonly reason?: string;
  /** The sessions that hold the lock it is waiting for. */
  readonly holders?: readonly LockHolder[];
}

/** What happens in a rollout. `durationMs` and `delayMs` are in milliseconds. */
export type RolloutEvent =
  /** With a preflight: how many of the targets were checked. */
  | { readonly type: "preflightProgress"; readonly done: number; readonly total: number }
  /** With a preflight: what it found. If that stops the rollout, only the summary follows. */
  | { readonly type: "preflightEnded"; readonly report: PreflightReport }
  | {
      /** The rollout begins. */
      readonly type: "rolloutStarted";
      /** The rollout's id, under which its outcomes are recorded. */
      readonly id: string;
      readonly waves: number;
      readonly targets: number;
      /** The number of steps of all targets. A step is one migration, or its down, for one target. */
      readonly steps: number;
    }
  | {
      /** Fewer connections are used than configured, because the server has no more. */
      readonly type: "concurrencyLowered";
      readonly database: string;
      readonly to: number;
      readonly reason: string;
    }
  | {
      /** The targets of a wave begin. `wave` is its name. */
      readonly type: "waveStarted";
      readonly wave: string;
      readonly targets: number;
      readonly steps: number;
    }
  | {
      /** No target has ended for some seconds: what the rollout is waiting for in a database, longest first. */
      readonly type: "waiting";
      readonly database: string;
      readonly for: readonly Waiting[];
    }
  /** The first attempt to migrate a target begins. */
  | { readonly type: "targetStarted"; readonly target: Target }
  | {
      /** A step of a target has been committed. */
      readonly type: "stepApplied";
      readonly target: Target;
      readonly tag: string;
      readonly durationMs: number;
    }
  | {
      /**
       * A statement that runs in batches has made progress: `rows` of its table are done, in `batches` transactions. There
       * is one event for a target in two seconds at most.
       */
      readonly type: "batchCommitted";
      readonly target: Target;
      readonly tag: string;
      readonly batches: number;
      readonly rows: number;
      /** The number of rows in the table by PostgreSQL's statistics, if there are any. */
      readonly ofAbout?: number;
    }
  | {
      /** The target is tried again after a delay. */
      readonly type: "targetRetried";
      readonly target: Target;
      /** The number of attempts and waits so far. */
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
      /** Set if the attempt did not fail, but must wait: for another runner, or for other targets of this rollout. */
      readonly waitFor?: "runner" | "rollout";
      readonly holders?: readonly LockHolder[];
    }
  /** A target is done: it succeeded, failed, or was left unchanged. */
  | { readonly type: "targetEnded"; readonly wave: string; readonly outcome: Outcome }
  | {
      /** Every target of a wave is done. */
      readonly type: "waveEnded";
      readonly wave: string;
      readonly succeeded: number;
      readonly failed: number;
      readonly durationMs: number;
    }
  /** The pause after a wave begins. */
  | { readonly type: "soakStarted"; readonly wave: string; readonly durationMs: number }
  /** The verify command starts. */
  | { readonly type: "verifyStarted"; readonly wave: string }
  /** `code` is the exit code of the verify command; undefined if a signal ended it. */
  | { readonly type: "verifyEnded"; readonly wave: string; readonly code: number | undefined }
  /** No further target starts. */
  | { readonly type: "rolloutStopped"; readonly stop: Stop }
  /** The last event of the rollout. `outcomes` is the number of targets. */
  | { readonly type: "rolloutEnded"; readonly outcomes: number; readonly durationMs: number };

/** Receives the events of a rollout, in order. An observer that throws does not affect the rollout. */
export type Observer = (event: RolloutEvent) => void;
