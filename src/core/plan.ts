import type { BatchPosition } from "./batch.ts";
import type { Target } from "./target.ts";

/** One migration for one target. */
export interface Step {
  /**
   * `apply` runs the migration, `downgrade` its down. `repair` records the current checksum of its file, and `stamp` a
   * complete ledger, without running any SQL of migrations. `fix` repairs drift, which no ledger records.
   */
  readonly action: "apply" | "downgrade" | "repair" | "stamp" | "fix";
  readonly tag: string;
  /** Its tag in the ledger, if that differs because the folder was converted later. */
  readonly recordedAs?: string;
  readonly checksum: string;
  /** For a repair: the checksum in the ledger. */
  readonly replaces?: string;
  /** For a stamp: the entries of the ledger afterwards. */
  readonly entries?: readonly StampedEntry[];
  /** The number of statements that an earlier, interrupted attempt applied. */
  readonly resumeAt: number;
  /** sha256 hex of the text of those statements, and of one that had begun. */
  readonly resumeChecksum: string;
  /** True if the statement at `resumeAt`, which runs outside a transaction or in batches, may have run, or in part. */
  readonly begun: boolean;
  /** How far that statement has run in batches. */
  readonly batch?: BatchPosition;
  /** The digest of the ledger before this step. The guard stops the step if it differs. */
  readonly ledger: string;
  /** The digest of the ledger after this step, with which it is sealed. */
  readonly ledgerAfter: string;
}

/** A migration that a stamp records as applied, without running it. */
export interface StampedEntry {
  readonly tag: string;
  readonly checksum: string;
}

type ProblemKind =
  /** The target's database cannot be used, so that the target's state is unknown. */
  | "unusable"
  /** The role lacks a privilege in the tenant schema, or the privilege to create it. */
  | "forbidden"
  | "unmanaged"
  | "unreadable"
  /** The ledger contains a migration twice. */
  | "unsound"
  | "locked"
  | "edited"
  | "unknown"
  | "outOfOrder"
  /** A migration or a down was interrupted between two of its transactions. */
  | "unfinished"
  /** There is no schema to stamp. */
  | "noSchema"
  /** The target has changed since it was compared with what its ledger says. */
  | "changed"
  /** The records of drizzle-orm's migrator do not match the migrations on disk. */
  | "notImported"
  /** The schema is not what its ledger says, and the request requires that it is. */
  | "drifted"
  /** A migration requires a contract that is held back. */
  | "held"
  /** A preflight found that a migration would fail. */
  | "wouldFail";

/** Why a target cannot be migrated in its current state. */
export interface PlanProblem {
  readonly kind: ProblemKind;
  readonly tag: string | undefined;
  readonly message: string;
  readonly remedy: string;
}

/** True if the problem may end without any change of the target, the migrations or the role. */
export function mayPass({ kind }: PlanProblem): boolean {
  return kind === "unusable" || kind === "locked" || kind === "changed";
}

/** What to create with the first step. `whatIsMissing` is for schemas whose state was not read. */
export type Creation = "nothing" | "ledger" | "schemaAndLedger" | "whatIsMissing";

/** A contract that a plan leaves out: code of an older release may still need what it removes. */
export interface HeldContract {
  readonly tag: string;
  /** The migration after which the waiting begins. */
  readonly after: string;
  /** When `migrate --contract` may apply it; missing if `after` is not applied yet, or if the ledger was not asked. */
  readonly ripeAt?: Date;
  /** True if that time has come, by the clock of the database's server. */
  readonly ripe: boolean;
}

/** What a rollout does to one target. */
export interface TargetPlan {
  readonly target: Target;
  /** The newest applied migration, if any. */
  readonly current: string | undefined;
  /** The steps, in order; empty if there is nothing to do, or if a problem prevents it. */
  readonly steps: readonly Step[];
  /** The number of missing migrations, even if a problem prevents them. Contracts that are held back do not count. */
  readonly pending: number;
  /** The contracts that are held back; missing if there are none. */
  readonly held?: readonly HeldContract[];
  /** For a downgrade: the newest contract that stays applied. Code of releases before it does not run. */
  readonly floor?: string;
  readonly problems: readonly PlanProblem[];
  readonly create: Creation;
  /** True if the steps seal the ledger: its seal is intact, or it is created. */
  readonly sealed: boolean;
}

/** True if the target has steps or problems. */
export function hasWork({ steps, problems }: TargetPlan): boolean {
  return steps.length > 0 || problems.length > 0;
}

/** True if the target's database cannot be used, so that the target's state is unknown. */
export function isUnusable({ problems }: Pick<TargetPlan, "problems">): boolean {
  return problems.some(({ kind }) => kind === "unusable");
}

/** The state of a target. */
export interface TargetStatus extends TargetPlan {
  /** The service's newest migration, without the contracts that are held back for this target. */
  readonly head: string | undefined;
  /** What `drift` found when it last compared the target; undefined if it has not. Only `status` reads it. */
  readonly drift?: LastComparison;
}

/** What `drift` found when it last compared a target. */
export interface LastComparison {
  readonly drifted: boolean;
  /** By the clock of the database's server. */
  readonly checkedAt: Date;
  /** True if migrations were applied or reverted since. */
  readonly outdated: boolean;
}

/** A batch of targets that are migrated in parallel. */
export interface Wave {
  readonly name: string;
  /** True for the first, small wave: a failure in it ends the rollout. */
  readonly canary: boolean;
  readonly targets: readonly TargetPlan[];
}

/** The serializable intention of a rollout. Its waves run one after the other. */
export interface Plan {
  readonly waves: readonly Wave[];
}

/** The targets of a plan, in the order of its waves. */
export function targetsOf(plan: Plan): TargetPlan[] {
  return plan.waves.flatMap(({ targets }) => targets);
}
