import { FleetError, isFleetError, messageOf } from "../core/errors.ts";

/** Turns any error into a FleetError, for a list of problems. */
export function onboardingError(error: unknown): FleetError {
  return isFleetError(error)
    ? error
    : new FleetError("onboarding", messageOf(error), { cause: error });
}

/** Another command holds the tenant's lock. */
export function tenantBusyError(id: string): FleetError {
  return new FleetError("tenant", `another command is working on tenant ${id}`, {
    remedy:
      "Wait until it has finished. Then, to see the tenant's status, run: npx drizzle-fleet tenants list",
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
