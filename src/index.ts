export type { Generated } from "./autogenerate/migration-draft.ts";
export {
  defineFleet,
  type EnvironmentReference,
  env,
  type FleetConfig,
  type FleetDefinition,
  type FleetInput,
} from "./config/define.ts";
export { type LoadedConfig, loadConfig } from "./config/load.ts";
export type { Amount } from "./core/amount.ts";
export type { DatabaseAddress } from "./core/database.ts";
export { FleetError, type FleetErrorCode, isFleetError } from "./core/errors.ts";
export type { Observer, RolloutEvent } from "./core/events.ts";
export type { Finding } from "./core/finding.ts";
export type {
  AffectedTable,
  ExplainedStatement,
  LintResult,
  LintSelection,
  LintSeverity,
  StatementFinding,
} from "./core/lint.ts";
export type { OnboardingEvent, OnboardingObserver, OnboardingStep } from "./core/onboarding.ts";
export type { Failure, LockHolder, Outcome, OutcomeStatus, Stop } from "./core/outcome.ts";
export type {
  LastComparison,
  Plan,
  PlanProblem,
  Step,
  TargetPlan,
  TargetStatus,
  Wave,
} from "./core/plan.ts";
export type { PreflightReport } from "./core/preflight.ts";
export { type Target, targetName } from "./core/target.ts";
export type { TenantRecord, TenantStatus } from "./core/tenant.ts";
export type { DriftRequest } from "./drift/compare.ts";
export type { DriftResult } from "./drift/result.ts";
export type { Context } from "./fleet/context.ts";
export {
  type AddedTenant,
  type AddRequest,
  activateTenant,
  addTenant,
  createAdminUser,
  createTenant,
  rollbackTenant,
  rollbackUser,
  setupTenantData,
} from "./operations/add-tenant.ts";
export { adoptTenant } from "./operations/adopt-tenant.ts";
export { archiveTenant, restoreTenant } from "./operations/archive-tenant.ts";
export { check } from "./operations/check.ts";
export { type CloneRequest, cloneTenant } from "./operations/clone-tenant.ts";
export { type DowngradeRequest, downgrade, planDowngrade } from "./operations/downgrade.ts";
export { drift } from "./operations/drift.ts";
export { type ExportRequest, exportTenant } from "./operations/export-tenant.ts";
export { type FixRequest, type FixResult, fixDrift } from "./operations/fix-drift.ts";
export { type GenerateOptions, generate } from "./operations/generate.ts";
export { generateDowns } from "./operations/generate-downs.ts";
export { type GrantRequest, grantTenant, grantTenants } from "./operations/grant-tenants.ts";
export { type Heads, heads } from "./operations/heads.ts";
export { type Histories, history } from "./operations/history.ts";
export { type ImportRequest, importTenant } from "./operations/import-tenant.ts";
export { type LintRequest, lint } from "./operations/lint.ts";
export {
  type ListedTenant,
  listTenants,
  type OrphanSchema,
  type ServiceState,
  type TenantFilter,
  type TenantList,
} from "./operations/list-tenants.ts";
export { type Merged, merge } from "./operations/merge.ts";
export {
  type MigrateRequest,
  type MigrateResult,
  migrate,
  type PreflightChoice,
  planMigration,
} from "./operations/migrate.ts";
export { type PreflightRequest, preflight } from "./operations/preflight.ts";
export { type RemoveRequest, removeTenant } from "./operations/remove-tenant.ts";
export { type RenameRequest, renameTenant } from "./operations/rename-tenant.ts";
export { type EditedMigration, type RepairResult, repair } from "./operations/repair.ts";
export {
  listRollouts,
  type Rollout,
  type RolloutDetail,
  showRollout,
} from "./operations/rollouts.ts";
export { planStamp, type StampRequest, stamp } from "./operations/stamp.ts";
export { status } from "./operations/status.ts";
export {
  type WaitHooks,
  type WaitRequest,
  type WaitResult,
  waitForHead,
} from "./operations/wait.ts";
export type { FailingPolicy } from "./preflight/before-rollout.ts";
export type { GeneratedDown } from "./proof/missing-downs.ts";
export { proveHistories } from "./proof/prove-services.ts";
export type { CreatedAdmin, NewAdmin } from "./tenancy/admin.ts";
export type { GrantResult } from "./tenancy/application-access.ts";
export type { NewTenant } from "./tenancy/onboarding.ts";
export type { Selection } from "./tenants/targets.ts";
