import type { DatabaseAddress } from "../core/database.ts";
import type { ConnectOptions } from "../postgres/session.ts";
import type { TargetContext } from "./attempt.ts";
import type { QueueFactory } from "./queue.ts";
import type { RetryPolicy } from "./retry.ts";

/** How to run a rollout. */
export interface RolloutOptions extends TargetContext {
  /** The rollout's id. */
  readonly id: string;
  readonly addressOf: (database: string) => DatabaseAddress;
  readonly connect: ConnectOptions;
  /** Number of targets to migrate in parallel in a database, from 1. */
  readonly concurrencyOf: (database: string) => number;
  /** Number of targets that may be under way at the same time on one connection, from 1; see `Flights`. */
  readonly targetsPerConnection: number;
  readonly retry: RetryPolicy;
  /** The rollout stops when more targets than this have failed; Infinity for no limit. */
  readonly maxFailures: number;
  /** Pause between two waves, in milliseconds. */
  readonly soakMs: number;
  /** A shell command to run after each wave. */
  readonly verify?: string;
  /** When aborted, running targets finish and no other target starts. */
  readonly signal?: AbortSignal;
  readonly queueOf: QueueFactory;
  /** The first target starts after this; until then, workers connect. It never rejects. */
  readonly ready?: Promise<void>;
}
