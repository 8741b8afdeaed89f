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

/** Who is to be onboarded, and as whom somebody can come in at first. */
export interface AddRequest extends NewTenant {
  readonly admin?: NewAdmin;
  /** True: every migration is run, and no baseline is used or made. */
  readonly replay?: boolean;
}

export interface AddedTenant {
  readonly tenant: string;
  readonly admin?: CreatedAdmin;
}

/**
 * Onboards a tenant: it either happens, or leaves nothing behind. Whoever was killed in the middle is taken up where
 * he was, by the same command.
 *
 * @param observe sees every step
 * @throws FleetError what a step threw, when everything is undone again; when that failed too, how to clear it away
 */
export function addTenant(
  context: Context,
  request: AddRequest,
  observe: OnboardingObserver = () => undefined,
): Promise<AddedTenant> {
  const run = async (locked: LockedTenant) => {
    let admin: CreatedAdmin | undefined;
    let fresh: Awaited<ReturnType<typeof createSchemas>> = new Set();
    let unprepared = false;
    const { tenant, admin: wanted } = request;
    const withAdmin = async () => {
      if (wanted !== undefined) admin = await createAdmin(locked, wanted);
    };
    if (wanted !== undefined) await adminServiceFor(context, wanted);
    const steps: SagaStep[] = [
      { name: "register", run: () => register(locked, request) },
      {
        name: "schemas",
        run: async () => {
          fresh = await createSchemas(locked);
        },
      },
      {
        name: "migrate",
        run: async () => {
          unprepared = await migrateTenant(locked, request.replay === true ? undefined : fresh);
          await keepClosed(locked);
        },
      },
      { name: "grant", run: () => grantAccess(locked) },
      { name: "seed", run: () => runSeeds(locked) },
      ...(wanted === undefined ? [] : [{ name: "admin", run: withAdmin } as const]),
      { name: "activate", run: () => activate(locked) },
    ];
    await runSteps(locked, steps, observe);
    if (unprepared) await prepare(locked);
    return { tenant, ...(admin === undefined ? {} : { admin }) };
  };
  return withTenantLock(context, request.tenant, run, {
    databases: databasesFor(context, request),
  });
}

/** A migration may have let somebody in: they come in with the application, when the tenant is whole. */
async function keepClosed(locked: LockedTenant): Promise<void> {
  await revokeSchemaGrants(locked, await registeredTargets(locked));
}

/** The databases that a new tenant will have schemas in. */
function databasesFor({ config }: Context, { database }: NewTenant): string[] {
  if (database !== undefined) return [database];
  const services = Object.values(config.fleet.services);
  const own = services.filter(({ tenantSchema }) => tenantSchema !== undefined);
  return [...new Set(own.map((service) => service.database))];
}

/** The tenant is there, whatever becomes of what the next one would be quicker with. */
async function prepare(locked: LockedTenant): Promise<void> {
  try {
    for (const [service, reason] of await prepareBaselines(locked))
      locked.context.notify(`${service}: new tenants run its whole history, because ${reason}`);
  } catch (error) {
    locked.context.notify(
      `The baselines could not be made: ${messageOf(tenantError(locked.id, error))}`,
    );
  }
}

/**
 * The first activity of onboarding, for a workflow engine: enters the tenant as `provisioning`, makes its schemas,
 * brings them to head, and lets the application's role in. Can be retried.
 *
 * @throws FleetError when a step fails: nothing is undone, see `rollbackTenant`
 */
export function createTenant(
  context: Context,
  request: NewTenant,
): Promise<{ readonly tenant: string }> {
  const run = async (locked: LockedTenant) => {
    await register(locked, request);
    const unprepared = await migrateTenant(locked, await createSchemas(locked));
    await keepClosed(locked);
    await grantAccess(locked);
    if (unprepared) await prepare(locked);
    return { tenant: request.tenant };
  };
  return withTenantLock(context, request.tenant, run, {
    databases: databasesFor(context, request),
  });
}

/** The second activity: runs the services' seeds. Can be retried, as far as the seeds can. */
export function setupTenantData(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, runSeeds);
}

/** The third activity: creates the first user. Can be retried, as far as the service's seed module can. */
export function createAdminUser(
  context: Context,
  { tenant, ...admin }: NewAdmin & { readonly tenant: string },
): Promise<CreatedAdmin> {
  return withTenantLock(context, tenant, (locked) => createAdmin(locked, admin));
}

/** The last activity: from now on the tenant takes part in everything. Can be retried. */
export function activateTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, activate);
}

/** Undoes `createAdminUser`. Can be retried. */
export function rollbackUser(
  context: Context,
  { tenant, email }: { readonly tenant: string; readonly email: string },
): Promise<void> {
  return withTenantLock(context, tenant, (locked) => removeAdmin(locked, email));
}

/** Undoes `createTenant` and all that followed: nothing of the tenant is left. Can be retried. */
export function rollbackTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, async (locked) => {
    const { findTenant } = await import("../control/registry.ts");
    if ((await findTenant(locked.registry, tenant)) !== undefined) await dropTenant(locked);
  });
}
