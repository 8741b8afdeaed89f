import type { DatabaseAddress } from "../core/database.ts";
import type { ConnectOptions } from "../postgres/session.ts";
import type { RetryPolicy } from "./retry.ts";
import type { TargetContext } from "./target.ts";

/** How a rollout is run. */
export interface RolloutOptions extends TargetContext {
  /** The rollout's id. */
  readonly id: string;
  readonly addressOf: (database: string) => DatabaseAddress;
  readonly connect: ConnectOptions;
  /** Targets at the same time in a database, from 1. */
  readonly concurrencyOf: (database: string) => number;
  readonly retry: RetryPolicy;
  /** More failed targets than this end the rollout; Infinity for never. */
  readonly maxFailures: number;
  /** Milliseconds between two waves. */
  readonly soakMs: number;
  /** A shell command that is run after each wave. */
  readonly verify?: string;
  /** Aborted: what runs ends, nothing more is started. */
  readonly signal?: AbortSignal;
}
