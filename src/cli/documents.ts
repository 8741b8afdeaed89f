// What `--json` writes. scripts/json-schemas.mjs writes a JSON Schema of each exported type into docs/schemas; its name is
// that of the type without its last word.
import type { RolloutEvent } from "../core/events.ts";
import type { Plan } from "../core/plan.ts";
import type { PreflightReport } from "../core/preflight.ts";
import type { DriftResult } from "../drift/result.ts";
import type { Histories } from "../operations/history.ts";
import type { TenantList } from "../operations/list-tenants.ts";
import type { RolloutDetail } from "../operations/rollouts.ts";
import type { SummaryDocument } from "../report/migrate.ts";
import type { CheckDocument } from "./commands/check.ts";
import type { HeadsDocument } from "./commands/history.ts";
import type { LintDocument } from "./commands/lint.ts";
import type { RolloutsDocument } from "./commands/rollouts.ts";
import type { StatusDocument } from "./commands/status.ts";
import type { WaitDocument } from "./commands/wait.ts";
import type { ErrorDocument } from "./failure.ts";

export type {
  CheckDocument,
  ErrorDocument,
  HeadsDocument,
  LintDocument,
  RolloutsDocument,
  StatusDocument,
  WaitDocument,
};

interface Timed {
  /**
   * When it happened, by the clock of the runner.
   *
   * @format date-time
   */
  readonly at: string;
}

/**
 * One line of `migrate --json`, `downgrade --json`, and `stamp --json`. The last line is a summary, or an error if there is
 * no result.
 */
export type MigrateLine = (Timed & RolloutEvent) | SummaryDocument | ErrorDocument;

/** The document of `plan --json`, and of `--dry-run --json` of migrate, downgrade and stamp. */
export type PlanDocument = Plan;

/** The document of `drift --json`. */
export type DriftDocument = DriftResult;

/** The document of `preflight --json`. */
export type PreflightDocument = PreflightReport;

/** The document of `history --json`. */
export type HistoryDocument = Histories;

/** The document of `rollouts <id> --json`. */
export type RolloutDocument = RolloutDetail;

/** The document of `tenants list --json`. */
export type TenantsListDocument = TenantList;
