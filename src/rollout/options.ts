import type { DatabaseAddress } from "../core/database.ts";
import type { ConnectOptions } from "../postgres/session.ts";
import type { RetryPolicy } from "./retry.ts";
import type { TargetContext } from "./target.ts";

/** How a rollout is run. */
export interface RolloutOptions extends TargetContext {
  readonly addressOf: (database: string) => DatabaseAddress;
  readonly connect: ConnectOptions;
  /** Targets at the same time, in each database. */
  readonly concurrency: number;
  readonly retry?: RetryPolicy;
  /** Aborted: what runs ends, nothing more is started. */
  readonly signal?: AbortSignal;
}
