import type { Failure, OutcomeStatus } from "./outcome.ts";

/** A rollout as it is recorded in each of its databases. */
export interface RolloutRecord {
  /** Sortable by time: `20261121-231840-4f2a`, in UTC. */
  readonly id: string;
  /** The database's name in the configuration. */
  readonly database: string;
  readonly verb: string;
  /** The options of the command, without secrets. */
  readonly selection: Readonly<Record<string, unknown>>;
  /** By the clock of the database's server, like `endedAt`. */
  readonly startedAt: Date;
  /** User and host. */
  readonly startedBy: string;
  /** The names of the waves, in order. */
  readonly waves: readonly string[];
  /** The number of targets with something to do. */
  readonly targets: number;
  /** Undefined while it runs, and permanently if its process was killed. */
  readonly endedAt?: Date;
  /** The reason if it ended before its last target, in words. */
  readonly stopped?: string;
}

/** The record of a rollout that begins. The server sets its time. */
export type NewRollout = Omit<RolloutRecord, "startedAt" | "endedAt" | "stopped">;

/** The goal of a rollout. It is recorded at the beginning, so that a later run can find what is unfinished. */
export interface RolloutGoal {
  /** `up` applies migrations, `down` reverts them. */
  readonly direction: Direction;
  /** By service: the newest migration that its targets have afterwards; null for none. */
  readonly ends: Readonly<Record<string, string | null>>;
  /** The databases in which the rollout has something to do. */
  readonly databases: readonly string[];
  /** The schemas of its targets in this database, including those with nothing to do. */
  readonly schemas: readonly string[];
}

export type Direction = "up" | "down";

/** The outcome of a target as it is recorded. */
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
