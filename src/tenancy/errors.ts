import { FleetError } from "../core/errors.ts";

/** Another command holds the tenant's lock. */
export function tenantBusyError(id: string): FleetError {
  return new FleetError("tenant", `another command is working on tenant ${id}`, {
    remedy:
      "Wait until it has finished, then check the tenant's status: npx drizzle-fleet tenants list",
  });
}

/** A connection pooler can give the session, and its lock, to another client. */
export function directUrlError(database: string): FleetError {
  return new FleetError(
    "config",
    `tenants cannot be changed through the connection pooler of database "${database}"`,
    { remedy: `Set databases.${database}.directUrl to a URL of the PostgreSQL server itself.` },
  );
}
