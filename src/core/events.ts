import type { Outcome } from "./outcome.ts";
import type { Target } from "./target.ts";

/** What a rollout tells whoever watches it. An observer that throws changes nothing. */
export type RolloutEvent =
  | { readonly type: "rolloutStarted"; readonly targets: number; readonly steps: number }
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
    }
  | { readonly type: "targetEnded"; readonly outcome: Outcome }
  | { readonly type: "rolloutEnded"; readonly outcomes: number; readonly durationMs: number };

export type Observer = (event: RolloutEvent) => void;
