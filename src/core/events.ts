import type { LockHolder, Outcome, Stop } from "./outcome.ts";
import type { Target } from "./target.ts";

/** A migration that runs, or a connection that is not there yet. */
export interface Waiting {
  /** Undefined while a connection is waited for. */
  readonly target?: Target;
  /** The migration that runs. */
  readonly tag?: string;
  /** How long it takes so far, in milliseconds. */
  readonly forMs: number;
  /** Why the last attempt to connect failed. */
  readonly reason?: string;
  /** Who holds the lock that it waits for at this moment. */
  readonly holders?: readonly LockHolder[];
}

/** What a rollout tells whoever watches it. An observer that throws changes nothing. */
export type RolloutEvent =
  | {
      readonly type: "rolloutStarted";
      /** The rollout's id, under which its outcomes are kept. */
      readonly id: string;
      readonly waves: number;
      readonly targets: number;
      readonly steps: number;
    }
  | {
      /** Fewer connections than configured, because the server has no more. */
      readonly type: "concurrencyLowered";
      readonly database: string;
      readonly to: number;
      readonly reason: string;
    }
  | {
      readonly type: "waveStarted";
      readonly wave: string;
      readonly targets: number;
      readonly steps: number;
    }
  | {
      /** Nothing has come to its end for some seconds: what the rollout waits for in a database, longest first. */
      readonly type: "waiting";
      readonly database: string;
      readonly for: readonly Waiting[];
    }
  | { readonly type: "targetStarted"; readonly target: Target }
  | {
      readonly type: "stepApplied";
      readonly target: Target;
      readonly tag: string;
      readonly durationMs: number;
    }
  | {
      readonly type: "targetRetried";
      readonly target: Target;
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
      /** Set when it is no failure, but a wait: for another runner, or for other targets of this rollout. */
      readonly waitFor?: "runner" | "rollout";
      readonly holders?: readonly LockHolder[];
    }
  | { readonly type: "targetEnded"; readonly wave: string; readonly outcome: Outcome }
  | {
      readonly type: "waveEnded";
      readonly wave: string;
      readonly succeeded: number;
      readonly failed: number;
      readonly durationMs: number;
    }
  | { readonly type: "soakStarted"; readonly wave: string; readonly durationMs: number }
  | { readonly type: "verifyStarted"; readonly wave: string }
  /** `code` is the command's exit code; undefined when a signal ended it. */
  | { readonly type: "verifyEnded"; readonly wave: string; readonly code: number | undefined }
  | { readonly type: "rolloutStopped"; readonly stop: Stop }
  | { readonly type: "rolloutEnded"; readonly outcomes: number; readonly durationMs: number };

export type Observer = (event: RolloutEvent) => void;
