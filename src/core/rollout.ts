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
  /** By the clock of the database's server, as `endedAt`. */
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

/** What a rollout is kept as when it begins: its time comes from the server. */
export type NewRollout = Omit<RolloutRecord, "startedAt" | "endedAt" | "stopped">;

/** What a rollout is meant to reach. It is kept when the rollout begins, so that a later run can see what is left. */
export interface RolloutGoal {
  /** `up` applies migrations, `down` takes them back. */
  readonly direction: Direction;
  /** By service: the newest migration that its targets are to have; null for none at all. */
  readonly ends: Readonly<Record<string, string | null>>;
  /** Every database that the rollout has something to do in. */
  readonly databases: readonly string[];
  /** The schemas of its targets in this database, also of those that had nothing to do. */
  readonly schemas: readonly string[];
}

export type Direction = "up" | "down";

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
