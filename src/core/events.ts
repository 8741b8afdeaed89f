import type { LockHolder, Outcome, Stop } from "./outcome.ts";
import type { Target } from "./target.ts";

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
