import type { Target } from "./target.ts";

/** One migration for one target. */
export interface Step {
  /**
   * `apply` runs the migration, `downgrade` its down; `repair` records the checksum that its file has now, `stamp`
   * a whole ledger, and neither runs anything.
   */
  readonly action: "apply" | "downgrade" | "repair" | "stamp";
  readonly tag: string;
  /** The tag that the ledger has it under, where that is another: the folder was converted since. */
  readonly recordedAs?: string;
  readonly checksum: string;
  /** The checksum that the ledger holds, for a repair. */
  readonly replaces?: string;
  /** What the ledger holds afterwards, for a stamp. */
  readonly entries?: readonly StampedEntry[];
  /** How many statements an earlier, interrupted attempt has applied. */
  readonly resumeAt: number;
  /** The sha256 hex of those statements' text, and of the one that was begun. */
  readonly resumeChecksum: string;
  /** Whether the statement at `resumeAt`, one that runs alone, may have run already. */
  readonly begun: boolean;
  /** The digest of the ledger before this step: the guard stops the step when it is another. */
  readonly ledger: string;
}

/** A migration as a stamp records it: as applied, though nothing of it was run. */
export interface StampedEntry {
  readonly tag: string;
  readonly checksum: string;
}

type ProblemKind =
  /** The target's database cannot be used: where the target stands is not known. */
  | "unusable"
  /** The role lacks a right in the tenant schema, or the one to create it. */
  | "forbidden"
  | "unmanaged"
  | "unreadable"
  /** The ledger contradicts itself: a migration is in it twice. */
  | "unsound"
  | "locked"
  | "edited"
  | "unknown"
  | "outOfOrder"
  /** A migration, or a down, was cut off between two of its transactions. */
  | "unfinished"
  /** There is no schema to stamp. */
  | "noSchema"
  /** What drizzle-orm's own migrator recorded does not fit the migrations on disk. */
  | "notImported";

/** Why a target cannot be migrated as it is. */
export interface PlanProblem {
  readonly kind: ProblemKind;
  readonly tag: string | undefined;
  readonly message: string;
  readonly remedy: string;
}

/** What to create together with the first step. `whatIsMissing` is for schemas that nobody has looked at. */
export type Creation = "nothing" | "ledger" | "schemaAndLedger" | "whatIsMissing";

export interface TargetPlan {
  readonly target: Target;
  /** The newest migration the target has, if any. */
  readonly current: string | undefined;
  /** What to apply, in order; empty when there is nothing to do or a problem in the way. */
  readonly steps: readonly Step[];
  /** How many migrations are missing, also when a problem stands in the way. */
  readonly pending: number;
  readonly problems: readonly PlanProblem[];
  readonly create: Creation;
}

/** True when the target has something to do, or something in its way. */
export function hasWork({ steps, problems }: TargetPlan): boolean {
  return steps.length > 0 || problems.length > 0;
}

/** True when the target's database cannot be used: nothing is known of where the target stands. */
export function isUnusable({ problems }: Pick<TargetPlan, "problems">): boolean {
  return problems.some(({ kind }) => kind === "unusable");
}

/** Where a target stands. */
export interface TargetStatus extends TargetPlan {
  /** The service's newest migration. */
  readonly head: string | undefined;
}

/** A batch of targets that are migrated in parallel. */
export interface Wave {
  readonly name: string;
  /** True for the first, small one: a failure in it ends the rollout. */
  readonly canary: boolean;
  readonly targets: readonly TargetPlan[];
}

/** The serialisable intention of a rollout: waves run one after the other. */
export interface Plan {
  readonly waves: readonly Wave[];
}

/** Every target of a plan, in the order of its waves. */
export function targetsOf(plan: Plan): TargetPlan[] {
  return plan.waves.flatMap(({ targets }) => targets);
}
