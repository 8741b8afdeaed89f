import { FleetError } from "../core/errors.ts";
import type { TenantStatus } from "../core/tenant.ts";
import type { Context } from "../fleet/context.ts";
import { inactiveTenantError } from "../fleet/roster.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { dropExported } from "../tenancy/exported-removal.ts";
import { reportRemainingAccess, restoreObjectGrants, revokeAllGrants } from "../tenancy/grants.ts";
import { migrateTenant } from "../tenancy/migration.ts";
import {
  grantAccess,
  type NewTenant,
  registeredTargets,
  registeredTenant,
} from "../tenancy/onboarding.ts";
import { dropTenant, refuseDependents } from "../tenancy/removal.ts";
import {
  existingTargets,
  forEachTarget,
  type LockedTenant,
  targetsFor,
  withTenantLock,
} from "../tenancy/tenant-lock.ts";

/** Who is to be removed. */
export interface RemoveRequest extends Pick<NewTenant, "tenant"> {
  /** A file to export the tenant to first, see `exportTenant`. */
  readonly dump?: string;
}

/** What removing a tenant would drop. */
export interface Removal {
  readonly status: TenantStatus;
  readonly schemas: readonly string[];
}

/**
 * Looks at what `removeTenant` would drop. Changes nothing.
 *
 * @throws FleetError `tenant` when it would refuse: there is no such tenant, or something outside depends on it
 */
export function planRemoval(
  context: Context,
  { tenant }: Pick<NewTenant, "tenant">,
): Promise<Removal> {
  const look = async (hold: LockedTenant) => {
    const { status, database } = await registeredTenant(hold);
    const targets = await existingTargets(hold, await targetsFor(hold, database));
    await refuseDependents(hold, targets);
    return { status, schemas: targets.map(({ schema }) => schema) };
  };
  return withTenantLock(context, tenant, look, { locks: false });
}

/**
 * Drops all that is a tenant's, and takes it out of the registry.
 *
 * @throws FleetError `tenant` when there is no such tenant, or something outside depends on it; with a `dump` also what
 *   `exportTenant` throws, and the tenant stays as it was
 */
export function removeTenant(context: Context, { tenant, dump }: RemoveRequest): Promise<void> {
  return withTenantLock(context, tenant, async (hold) => {
    const record = await registeredTenant(hold);
    if (dump !== undefined) await dropExported(hold, record, dump);
    await dropTenant(hold);
  });
}

/**
 * Keeps a tenant's data, and everybody but its owner out: what was granted on its schemas and in them is taken until `restoreTenant`,
 * and rollouts pass the tenant by. Roles that can enter all the same, by what they are, are named.
 *
 * @throws FleetError `tenant` when the application's role is one of them
 */
export function archiveTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, async (hold) => {
    await change(hold, ["active", "archived"], "archived");
    const targets = await registeredTargets(hold);
    await revokeAllGrants(hold, targets);
    await reportRemainingAccess(hold, targets);
  });
}

/** Brings an archived tenant to head, and lets the application in again, and whoever else could enter before. */
export function restoreTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, async (hold) => {
    const record = await registeredTenant(hold);
    if (record.status !== "archived") throw inactiveTenantError(record);
    await restoreObjectGrants(hold, await registeredTargets(hold));
    await migrateTenant(hold);
    await grantAccess(hold);
    await change(hold, ["archived"], "active");
  });
}

/**
 * Enters a tenant whose schemas exist already.
 *
 * @throws FleetError `tenant` when it is registered, or has no schema with a ledger
 */
export function adoptTenant(
  context: Context,
  { tenant, attributes = {}, database }: NewTenant,
): Promise<void> {
  return withTenantLock(context, tenant, async (hold) => {
    const { findTenant, registerTenant } = await import("../control/registry.ts");
    const found = await findTenant(hold.registry, tenant);
    if (found !== undefined && found.id !== tenant) throw inactiveTenantError(found);
    if (found !== undefined)
      throw new FleetError("tenant", `tenant ${tenant} is registered already, as ${found.status}`, {
        remedy: "See who is there: drizzle-fleet tenants list",
      });
    const ledgers: string[] = [];
    const home = database ?? null;
    await forEachTarget(hold, await targetsFor(hold, home), async (session, { schema }) => {
      const states = await readLedgers(session, [schema], new Map());
      if (states.get(schema)?.kind === "ledger") ledgers.push(schema);
    });
    if (ledgers.length === 0)
      throw new FleetError("tenant", `tenant ${tenant} has no schema with a ledger`, {
        remedy: `To make one: drizzle-fleet tenants add ${tenant}. For schemas without a ledger see drizzle-fleet stamp --help.`,
      });
    await registerTenant(hold.registry, {
      id: tenant,
      status: "active",
      database: home,
      attributes,
    });
  });
}

async function change(
  hold: LockedTenant,
  from: readonly TenantStatus[],
  to: TenantStatus,
): Promise<void> {
  const { changeStatus } = await import("../control/registry.ts");
  if (await changeStatus(hold.registry, hold.id, from, to)) return;
  throw inactiveTenantError(await registeredTenant(hold));
}
