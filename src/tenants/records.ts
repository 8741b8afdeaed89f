import type { Tenant } from "../config/schema.ts";
import { FleetError } from "../core/errors.ts";
import type { TenantRecord } from "../core/tenant.ts";

/** A registered tenant, in the form of a configured one. */
export function asListed({
  id,
  attributes,
  database,
}: Pick<TenantRecord, "id" | "attributes" | "database">): Tenant {
  return { id, attributes, database: database ?? undefined };
}

/**
 * Refuses a tenant that a command has not finished creating, renaming or removing.
 *
 * @throws FleetError `tenant`
 */
export function refuseIncomplete(record: TenantRecord): void {
  if (record.status !== "active" && record.status !== "archived") throw inactiveTenantError(record);
}

/** Says why a tenant takes no part in rollouts, and how to change that. */
export function inactiveTenantError({ id, status, renamedFrom }: TenantRecord): FleetError {
  const [state, remedy] = {
    active: ["active", "It takes part in every rollout."],
    copying: [
      "still being copied",
      `Run the same clone or import again; it starts over. To remove the tenant: npx drizzle-fleet tenants remove ${id}`,
    ],
    renaming: [
      `still being renamed from ${renamedFrom}`,
      `Finish the rename: npx drizzle-fleet tenants rename ${renamedFrom} ${id}. To undo it: npx drizzle-fleet tenants rename ${id} ${renamedFrom}`,
    ],
    provisioning: [
      "still being set up",
      `Finish the setup: npx drizzle-fleet tenants add ${id}. To remove the tenant: npx drizzle-fleet tenants remove ${id}`,
    ],
    archived: ["archived", `Reactivate it: npx drizzle-fleet tenants restore ${id}`],
    removing: ["being removed", `Finish the removal: npx drizzle-fleet tenants remove ${id}`],
  }[status];
  return new FleetError("tenant", `tenant ${id} is ${state}`, { remedy: remedy ?? "" });
}
