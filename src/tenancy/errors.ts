import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";

/** What a server or a seed threw, as an error that names the target. */
export function targetError({ service, tenant, schema }: Target, error: unknown): FleetError {
  const { message, state } = saidBy(error);
  return new FleetError("onboarding", `${service}/${tenant}: ${message}`, {
    where: schema,
    remedy:
      state === sqlstate.targetLocked
        ? "Try again when the other runner has come to its end."
        : (serverRemedy(state) ?? "Fix the problem above, then run the same command again."),
    cause: error,
  });
}

/** What a server said while a tenant was held; anything else is a bug and stays as it is. */
export function heldError(id: string, error: unknown): unknown {
  const { message, state, lost } = saidBy(error);
  if (isFleetError(error) || (state === undefined && !lost)) return error;
  return new FleetError("onboarding", `tenant ${id}: ${message}`, {
    remedy: lost
      ? "The connection is lost. See what is there: drizzle-fleet tenants list. Then run the same command again."
      : (serverRemedy(state) ?? "Fix the problem above, then run the same command again."),
    cause: error,
  });
}

/** Drizzle puts the query and its values into its own message, and so does a script: the driver's says what is wrong. */
function saidBy(error: unknown): { message: string; state: string | undefined; lost: boolean } {
  const wrapped = error instanceof Error && error.cause instanceof Error && !isFleetError(error);
  const cause = wrapped ? error.cause : error;
  const state = sqlstateOf(cause);
  const suffix = state === undefined ? "" : ` (SQLSTATE ${state})`;
  return { message: `${messageOf(cause)}${suffix}`, state, lost: isConnectionLoss(cause) };
}

/** What to say to whoever comes second. */
export function tenantBusyError(id: string): FleetError {
  return new FleetError("tenant", `another command is at work on tenant ${id}`, {
    remedy: "Wait for its end, then look: drizzle-fleet tenants list",
  });
}

/** What to say where a lock would not last. */
export function directUrlError(database: string): FleetError {
  return new FleetError(
    "config",
    `tenants cannot be changed through a connection pooler, as database "${database}" has`,
    { remedy: `Set databases.${database}.directUrl to a URL of the PostgreSQL server itself.` },
  );
}
