import type { Failure, OutcomeStatus } from "./outcome.ts";

/** A rollout as it is kept in a database that it touched. */
export interface RolloutRecord {
  /** Sorts by time: `20261121-231840-4f2a`, in UTC. */
  readonly id: string;
  /** The database's name in the configuration. */
  readonly database: string;
  readonly verb: string;
  /** What the user asked for, without anything secret. */
  readonly selection: Readonly<Record<string, unknown>>;
  readonly startedAt: Date;
  /** User and host. */
  readonly startedBy: string;
  /** The waves' names, in their order. */
  readonly waves: readonly string[];
  /** Targets that had something to do. */
  readonly targets: number;
  /** Undefined while it runs, and for ever when its process was killed. */
  readonly endedAt?: Date;
  /** Why it ended before its last target, in words. */
  readonly stopped?: string;
}

/** What happened to one target, as it is kept. */
export interface OutcomeRecord {
  readonly service: string;
  readonly tenant: string | null;
  readonly schema: string;
  readonly wave: string;
  readonly status: OutcomeStatus;
  readonly applied: readonly string[];
  readonly durationMs: number;
  readonly failure: Failure | null;
}
