import { messageOf } from "../core/errors.ts";
import type { OnboardingObserver } from "../core/onboarding.ts";
import type { Context } from "../fleet/context.ts";
import { tenantError } from "../fleet/target-errors.ts";
import {
  adminServiceFor,
  type CreatedAdmin,
  createAdmin,
  type NewAdmin,
  removeAdmin,
} from "../tenancy/admin.ts";
import { revokeSchemaGrants } from "../tenancy/grants.ts";
import { migrateTenant, prepareBaselines } from "../tenancy/migration.ts";
import {
  activate,
  createSchemas,
  grantAccess,
  type NewTenant,
  register,
  registeredTargets,
  runSeeds,
} from "../tenancy/onboarding.ts";
import { dropTenant } from "../tenancy/removal.ts";
import { runSteps, type SagaStep } from "../tenancy/saga.ts";
import { type LockedTenant, withTenantLock } from "../tenancy/tenant-lock.ts";

/** The tenant to create, and its first admin. */
export interface AddRequest extends NewTenant {
  /** The first admin. Exactly one service's seed module must define `createAdminUser`. */
  readonly admin?: NewAdmin;
  /** True: apply every migration instead of a baseline. */
  readonly replay?: boolean;
}

/** The result of creating a tenant. */
export interface AddedTenant {
  readonly tenant: string;
  readonly admin?: CreatedAdmin;
}

/**
 * Creates a tenant: registers it, creates and migrates its schemas, grants access, runs the seeds, and activates it. If a
 * step fails, everything is undone. If the command was killed, the same command continues it.
 *
 * @param context the configuration, the environment, and the signals that interrupt the command
 * @param request the tenant; optionally its attributes, its database and its first admin
 * @param observe receives an event when a step starts, ends, fails or is undone
 * @returns the tenant id; with a request for an admin also the admin, and an invitation token if there is no password
 * @throws FleetError `tenant` if the tenant or one of its schemas exists, or if another command is working on it; `usage`
 *   for an unknown database, an invalid admin, or tenants that are not in the registry; `config` for an invalid id or
 *   seed; `onboarding` if a step fails, with both errors if undoing it fails too
 * @example
 * const { admin } = await addTenant(context, { tenant: "acme", admin: { email: "ada@example.com" } });
 */
export function addTenant(
  context: Context,
  request: AddRequest,
  observe: OnboardingObserver = () => undefined,
): Promise<AddedTenant> {
  const run = async (locked: LockedTenant) => {
    const { tenant, admin } = request;
    if (admin !== undefined) await adminServiceFor(context, admin);
    const results: StepResults = { baselineMissing: false };
    await runSteps(locked, stepsOf(locked, request, results), observe);
    if (results.baselineMissing) await tryPrepareBaselines(locked);
    return { tenant, ...(results.admin === undefined ? {} : { admin: results.admin }) };
  };
  return withTenantLock(context, request.tenant, run, {
    databases: databasesFor(context, request),
  });
}

/** Results that a step leaves for later steps and for the caller. */
interface StepResults {
  fresh?: Awaited<ReturnType<typeof createSchemas>>;
  baselineMissing: boolean;
  admin?: CreatedAdmin;
}

function stepsOf(locked: LockedTenant, request: AddRequest, results: StepResults): SagaStep[] {
  const { admin, replay } = request;
  const schemas = async () => {
    results.fresh = await createSchemas(locked);
  };
  const migrate = async () => {
    const fresh = replay === true ? undefined : results.fresh;
    results.baselineMissing = await migrateTenant(locked, fresh);
    await revokeGrantsOfMigrations(locked);
  };
  const steps: SagaStep[] = [
    { name: "register", run: () => register(locked, request) },
    { name: "schemas", run: schemas },
    { name: "migrate", run: migrate },
    { name: "grant", run: () => grantAccess(locked) },
    { name: "seed", run: () => runSeeds(locked) },
  ];
  if (admin !== undefined) {
    const createFirst = async () => {
      results.admin = await createAdmin(locked, admin);
    };
    steps.push({ name: "admin", run: createFirst });
  }
  return [...steps, { name: "activate", run: () => activate(locked) }];
}

/** Migrations can grant access to a schema. Those grants are restored when the application gets access. */
async function revokeGrantsOfMigrations(locked: LockedTenant): Promise<void> {
  await revokeSchemaGrants(locked, await registeredTargets(locked));
}

/** The databases for the schemas of a new tenant. */
function databasesFor({ config }: Context, { database }: NewTenant): string[] {
  if (database !== undefined) return [database];
  const services = Object.values(config.fleet.services);
  const own = services.filter(({ tenantSchema }) => tenantSchema !== undefined);
  return [...new Set(own.map((service) => service.database))];
}

/** Prepares baselines for the next tenant. A failure is only reported, since this tenant is complete. */
async function tryPrepareBaselines(locked: LockedTenant): Promise<void> {
  try {
    for (const [service, reason] of await prepareBaselines(locked))
      locked.context.notify(
        `${service}: new tenants apply every migration instead of a baseline, because ${reason}`,
      );
  } catch (error) {
    locked.context.notify(
      `The baselines could not be created: ${messageOf(tenantError(locked.id, error))}`,
    );
  }
}

/**
 * The first activity of onboarding in a workflow engine: registers a tenant as `provisioning`, creates its schemas,
 * migrates them to head, and grants access to the application role. Can be retried. `rollbackTenant` undoes it.
 *
 * @param request the tenant, with optional attributes and database
 * @returns the tenant id
 * @throws FleetError `tenant` if the tenant or one of its schemas exists, or if another command is working on it; `usage`
 *   for an unknown database; `config` for an invalid id; `onboarding` if the server refuses. Nothing is undone
 * @example
 * await createTenant(context, { tenant: "acme", attributes: { plan: "gold" } });
 */
export function createTenant(
  context: Context,
  request: NewTenant,
): Promise<{ readonly tenant: string }> {
  const run = async (locked: LockedTenant) => {
    await register(locked, request);
    const baselineMissing = await migrateTenant(locked, await createSchemas(locked));
    await revokeGrantsOfMigrations(locked);
    await grantAccess(locked);
    if (baselineMissing) await tryPrepareBaselines(locked);
    return { tenant: request.tenant };
  };
  return withTenantLock(context, request.tenant, run, {
    databases: databasesFor(context, request),
  });
}

/**
 * The second activity of onboarding: runs the seeds of the services. Can be retried if the seeds can.
 *
 * @throws FleetError `tenant` if the tenant is not registered, or if another command is working on it; `config` for a
 *   module that does not export a seed; `schema` for a module that cannot be loaded
 * @example
 * await setupTenantData(context, { tenant: "acme" });
 */
export function setupTenantData(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, runSeeds);
}

/**
 * The third activity of onboarding: creates the first admin. Can be retried if `createAdminUser` of the seed module can.
 *
 * @returns the admin; without a password also the invitation token, which is stored only as a hash
 * @throws FleetError `usage` for an invalid address, or a password that is not 8 to 72 bytes long; `config` unless exactly
 *   one service can create an admin; `tenant` if the tenant is not registered, or if another command is working on it
 * @example
 * const { invitationToken } = await createAdminUser(context, { tenant: "acme", email: "ada@example.com" });
 */
export function createAdminUser(
  context: Context,
  { tenant, ...admin }: NewAdmin & { readonly tenant: string },
): Promise<CreatedAdmin> {
  return withTenantLock(context, tenant, (locked) => createAdmin(locked, admin));
}

/**
 * The last activity of onboarding: activates the tenant, which takes part in rollouts from now on. Can be retried.
 *
 * @throws FleetError `tenant` if the tenant is neither `provisioning` nor active, or if another command is working on it
 * @example
 * await activateTenant(context, { tenant: "acme" });
 */
export function activateTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, activate);
}

/**
 * Undoes `createAdminUser`, if the seed module defines `removeAdminUser`. Can be retried.
 *
 * @param request the tenant id, and the email address of the admin
 * @throws FleetError `config` unless exactly one service can create an admin; `tenant` if the tenant is not registered, or
 *   if another command is working on it
 * @example
 * await rollbackUser(context, { tenant: "acme", email: "ada@example.com" });
 */
export function rollbackUser(
  context: Context,
  { tenant, email }: { readonly tenant: string; readonly email: string },
): Promise<void> {
  return withTenantLock(context, tenant, (locked) => removeAdmin(locked, email));
}

/**
 * Undoes `createTenant` and all later activities: permanently deletes the tenant, with all its data. Does nothing if the
 * tenant is not registered. Can be retried.
 *
 * @throws FleetError `tenant` if objects outside the tenant depend on it, or if another command is working on it;
 *   `onboarding` if the server refuses
 * @example
 * await rollbackTenant(context, { tenant: "acme" });
 */
export function rollbackTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, async (locked) => {
    const { findTenant } = await import("../control/registry.ts");
    if ((await findTenant(locked.registry, tenant)) !== undefined) await dropTenant(locked);
  });
}
