import { FleetError } from "../core/errors.ts";

/** The refusal of the second of two commands. */
export function tenantBusyError(id: string): FleetError {
  return new FleetError("tenant", `another command is working on tenant ${id}`, {
    remedy:
      "Wait until it has finished, then see the tenant's status: npx drizzle-fleet tenants list",
  });
}

/** The refusal where a lock would not last. */
export function directUrlError(database: string): FleetError {
  return new FleetError(
    "config",
    `tenants cannot be changed through the connection pooler of database "${database}"`,
    { remedy: `Set databases.${database}.directUrl to a URL of the PostgreSQL server itself.` },
  );
}
