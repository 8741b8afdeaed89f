import type { Target } from "./target.ts";

/** What `preflight` found. Nothing in it is a customer's data: rows are only counted. */
export interface PreflightReport {
  /** The number of targets with something to do, from 0. */
  readonly targets: number;
  /** Why targets would fail, the most frequent reason first. */
  readonly failing: readonly PreflightReason[];
  /** What is in the way now, or wrong with a server. */
  readonly obstacles: readonly PreflightObstacle[];
  /** What the rollout would take, for each wave. */
  readonly waves: readonly WaveForecast[];
  /** What could not be checked. */
  readonly unchecked: readonly UncheckedPart[];
  /** With `rehearse`: the number of targets whose pending migrations were run and rolled back; otherwise null. */
  readonly rehearsed: number | null;
}

/** What a preflight does besides looking. */
export interface RehearsalRequest {
  /** Run the pending migrations of targets whose tables are not larger than this, in bytes, and roll them back. */
  readonly rehearseUpTo?: number | undefined;
  /** The free space on the server's disk, in bytes, which SQL cannot read. */
  readonly diskFree?: number | undefined;
}

/** A place in a migration. */
export interface MigrationPlace {
  readonly service: string;
  readonly tag: string;
  /** The path of its file, as shown in messages. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** A reason for which targets would fail. */
export interface PreflightReason {
  readonly service: string;
  /** Null for a problem that is not about one statement. */
  readonly place: MigrationPlace | null;
  readonly message: string;
  /** What to do. */
  readonly remedy: string;
  readonly targets: readonly FailingTarget[];
}

/** A target that would fail. */
export interface FailingTarget {
  readonly target: Target;
  /** How many rows are in the way, at most `countLimit`; null if the reason is not about rows. */
  readonly rows: number | null;
}

/** Rows are counted up to this number: a count of 1,001 means more than 1,000. */
export const countLimit = 1_001;

/** Something in a database, or about its server, that would stop or disturb the rollout now. */
export interface PreflightObstacle {
  /** The database's name in the configuration. */
  readonly database: string;
  /** `error`: migrations would fail or wait. `warning`: worth knowing. */
  readonly severity: "error" | "warning";
  readonly kind: ObstacleKind;
  readonly message: string;
  readonly remedy: string;
}

export type ObstacleKind =
  /** The database cannot be read, so that nothing is known about its targets. */
  | "unusable"
  /** A transaction holds a lock that a pending statement needs. */
  | "lock"
  /** A transaction holds a snapshot that CONCURRENTLY waits for. */
  | "snapshot"
  | "preparedTransaction"
  /** VACUUM is preventing the wraparound of transaction ids, and does not give way. */
  | "vacuum"
  | "replication"
  /** The lock table of the server is too small. */
  | "lockSlots"
  | "connections"
  | "readOnly"
  | "eventTrigger"
  /** An invalid index, or a constraint that is not validated. */
  | "leftover"
  | "disk";

/** What a wave would take. The numbers are estimates: sizes of tables divided by assumed speeds. */
export interface WaveForecast {
  readonly wave: string;
  readonly targets: number;
  readonly durationMs: number;
  /** The longest time for which the other sessions of a tenant cannot write to a table; 0 if only for an instant. */
  readonly longestLockMs: number;
  /** The target and table of the longest lock. */
  readonly longestLockOn: { readonly target: Target; readonly table: string } | null;
  /** The disk space that rewritten tables and new indexes need, in bytes, while the targets of the wave run. */
  readonly diskBytes: number;
}

/** A part of a migration that could not be checked, and for how many targets. */
export interface UncheckedPart {
  readonly service: string;
  readonly place: MigrationPlace | null;
  readonly reason: string;
  readonly targets: number;
}

/** The targets that would fail, without duplicates. */
export function failingTargets({ failing }: Pick<PreflightReport, "failing">): Set<Target> {
  return new Set(failing.flatMap(({ targets }) => targets.map(({ target }) => target)));
}

/** True if a target would fail, or something stops the rollout now. */
export function foundProblem({
  failing,
  obstacles,
}: Pick<PreflightReport, "failing" | "obstacles">): boolean {
  return failing.length > 0 || obstacles.some(({ severity }) => severity === "error");
}
