import { FleetError } from "../core/errors.ts";
import type { Context } from "../fleet/context.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import type { NewTenant } from "../tenancy/onboarding.ts";
import { forEachTarget } from "../tenancy/targets.ts";
import { type LockedTenant, targetsFor, withTenantLock } from "../tenancy/tenant-lock.ts";
import { inactiveTenantError } from "../tenants/records.ts";

/**
 * Registers a tenant whose schemas already exist.
 *
 * @param request the tenant id; optional attributes, and the database with all its schemas if it is not that of the services
 * @throws FleetError `tenant` if the tenant is already registered, has no schema with a ledger, or another command is
 *   working on it; `usage` if the tenants are not in the registry; `config` for an invalid id
 * @example
 * await adoptTenant(context, { tenant: "acme", attributes: { plan: "gold" } });
 */
export function adoptTenant(
  context: Context,
  { tenant, attributes = {}, database }: NewTenant,
): Promise<void> {
  return withTenantLock(context, tenant, async (locked) => {
    const { findTenant, registerTenant } = await import("../control/registry.ts");
    const { registry } = locked;
    const found = await findTenant(registry, tenant);
    if (found !== undefined && found.id !== tenant) throw inactiveTenantError(found);
    if (found !== undefined)
      throw new FleetError("tenant", `tenant ${tenant} is already registered, as ${found.status}`, {
        remedy: "To see the tenants, run: npx drizzle-fleet tenants list",
      });
    const home = database ?? null;
    await refuseWithoutLedger(locked, home);
    await registerTenant(registry, { id: tenant, status: "active", database: home, attributes });
  });
}

async function refuseWithoutLedger(locked: LockedTenant, home: string | null): Promise<void> {
  const ledgers: string[] = [];
  await forEachTarget(locked, await targetsFor(locked, home), async (session, { schema }) => {
    const states = await readLedgers(session, [schema], new Map());
    if (states.get(schema)?.kind === "ledger") ledgers.push(schema);
  });
  if (ledgers.length > 0) return;
  throw new FleetError("tenant", `tenant ${locked.id} has no schema with a ledger`, {
    remedy: `For schemas without a ledger, see: npx drizzle-fleet stamp --help. To create a new tenant, run: npx drizzle-fleet tenants add ${locked.id}`,
  });
}
