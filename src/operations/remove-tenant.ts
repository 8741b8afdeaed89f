import type { TenantStatus } from "../core/tenant.ts";
import type { Context } from "../fleet/context.ts";
import { dropExported } from "../tenancy/exported-removal.ts";
import { type NewTenant, registeredTenant } from "../tenancy/onboarding.ts";
import { dropTenant, refuseDependents } from "../tenancy/removal.ts";
import { existingTargets } from "../tenancy/targets.ts";
import { type LockedTenant, targetsFor, withTenantLock } from "../tenancy/tenant-lock.ts";

/** The tenant to remove. */
export interface RemoveRequest extends Pick<NewTenant, "tenant"> {
  /** The path of a file to export the tenant to first, as in `exportTenant`. */
  readonly dump?: string;
}

/** What removing a tenant would drop. */
export interface Removal {
  readonly status: TenantStatus;
  readonly schemas: readonly string[];
}

/**
 * Reads what `removeTenant` would drop. Changes nothing.
 *
 * @returns the status of the tenant, and the existing schemas
 * @throws FleetError `tenant` if the tenant is not registered, or if objects outside it depend on it
 */
export function planRemoval(
  context: Context,
  { tenant }: Pick<NewTenant, "tenant">,
): Promise<Removal> {
  const look = async (locked: LockedTenant) => {
    const { status, database } = await registeredTenant(locked);
    const targets = await existingTargets(locked, await targetsFor(locked, database));
    await refuseDependents(locked, targets);
    return { status, schemas: targets.map(({ schema }) => schema) };
  };
  return withTenantLock(context, tenant, look, { locks: false });
}

/**
 * Permanently deletes a tenant: its schemas with all data, its role, and its registry entry. With a `dump`, nothing is
 * deleted before a rehearsal has shown that the file can be imported.
 *
 * @throws FleetError `tenant` if the tenant is not registered, if objects outside it depend on it, or if another command is
 *   working on it; `onboarding` if the server refuses; with a `dump` also the errors of `exportTenant`
 * @example
 * await removeTenant(context, { tenant: "acme", dump: "acme.gz" });
 */
export function removeTenant(context: Context, { tenant, dump }: RemoveRequest): Promise<void> {
  return withTenantLock(context, tenant, async (locked) => {
    const record = await registeredTenant(locked);
    if (dump !== undefined) await dropExported(locked, record, dump);
    await dropTenant(locked);
  });
}
