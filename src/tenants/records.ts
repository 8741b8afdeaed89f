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
      `To start over, run the same clone or import again. To remove the tenant, run: npx drizzle-fleet tenants remove ${id}`,
    ],
    renaming: [
      `still being renamed from ${renamedFrom}`,
      `To finish the rename, run: npx drizzle-fleet tenants rename ${renamedFrom} ${id}. To undo it, run: npx drizzle-fleet tenants rename ${id} ${renamedFrom}`,
    ],
    provisioning: [
      "still being set up",
      `To finish the setup, run: npx drizzle-fleet tenants add ${id}. To remove the tenant, run: npx drizzle-fleet tenants remove ${id}`,
    ],
    archived: ["archived", `To reactivate it, run: npx drizzle-fleet tenants restore ${id}`],
    removing: [
      "being removed",
      `To finish the removal, run: npx drizzle-fleet tenants remove ${id}`,
    ],
  }[status];
  return new FleetError("tenant", `tenant ${id} is ${state}`, { remedy: remedy ?? "" });
}
