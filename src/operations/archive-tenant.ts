import type { TenantStatus } from "../core/tenant.ts";
import type { Context } from "../fleet/context.ts";
import { reportRemainingAccess, restoreObjectGrants, revokeAllGrants } from "../tenancy/grants.ts";
import { migrateTenant } from "../tenancy/migration.ts";
import {
  grantAccess,
  type NewTenant,
  registeredTargets,
  registeredTenant,
} from "../tenancy/onboarding.ts";
import { type LockedTenant, withTenantLock } from "../tenancy/tenant-lock.ts";
import { inactiveTenantError } from "../tenants/records.ts";

/**
 * Keeps a tenant's data and revokes all access to it except the owner's, until `restoreTenant`. Rollouts skip the
 * tenant. Roles that still have access, for example as members of the owner, are reported.
 *
 * @throws FleetError `tenant` if the application role still has access, if the tenant is neither active nor archived, or if
 *   another command is working on it
 * @example
 * await archiveTenant(context, { tenant: "acme" });
 */
export function archiveTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, async (locked) => {
    await changeTo("archived", locked, ["active", "archived"]);
    const targets = await registeredTargets(locked);
    await revokeAllGrants(locked, targets);
    await reportRemainingAccess(locked, targets);
  });
}

/**
 * Migrates an archived tenant to head, restores the grants that archiving it revoked, and reactivates it.
 *
 * @throws FleetError `tenant` if the tenant is not archived, or if another command is working on it; `onboarding` if it
 *   cannot be migrated
 * @example
 * await restoreTenant(context, { tenant: "acme" });
 */
export function restoreTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  return withTenantLock(context, tenant, async (locked) => {
    const record = await registeredTenant(locked);
    if (record.status !== "archived") throw inactiveTenantError(record);
    await restoreObjectGrants(locked, await registeredTargets(locked));
    await migrateTenant(locked);
    await grantAccess(locked);
    await changeTo("active", locked, ["archived"]);
  });
}

async function changeTo(
  status: TenantStatus,
  locked: LockedTenant,
  from: readonly TenantStatus[],
): Promise<void> {
  const { changeStatus } = await import("../control/registry.ts");
  if (await changeStatus(locked.registry, locked.id, from, status)) return;
  throw inactiveTenantError(await registeredTenant(locked));
}
