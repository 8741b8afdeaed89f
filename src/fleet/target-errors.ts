import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";

const fixAndRunAgain = "Fix the problem above, then run the same command again.";

/** Turns an error of a server or a seed into one that names the target. */
export function targetError({ service, tenant, schema }: Target, error: unknown): FleetError {
  const { message, state } = causeOf(error);
  return new FleetError("onboarding", `${service}/${tenant}: ${message}`, {
    where: schema,
    remedy:
      state === sqlstate.targetLocked
        ? "Wait for the other runner to finish, then run the same command again."
        : (serverRemedy(state) ?? fixAndRunAgain),
    cause: error,
  });
}

/** Turns a server's error during work on a tenant into one that names it. Other errors are bugs and stay unchanged. */
export function tenantError(id: string, error: unknown): unknown {
  const { message, state, lost } = causeOf(error);
  if (isFleetError(error) || (state === undefined && !lost)) return error;
  return new FleetError("onboarding", `tenant ${id}: ${message}`, {
    remedy: lost
      ? "The connection was lost. Check the tenant's status before you run the same command again. To see it, run: npx drizzle-fleet tenants list"
      : (serverRemedy(state) ?? fixAndRunAgain),
    cause: error,
  });
}

/** Drizzle and scripts put the query and its values into their own messages; the driver's message is the useful one. */
function causeOf(error: unknown): { message: string; state: string | undefined; lost: boolean } {
  const wrapped = error instanceof Error && error.cause instanceof Error && !isFleetError(error);
  const cause = wrapped ? error.cause : error;
  const state = sqlstateOf(cause);
  const suffix = state === undefined ? "" : ` (SQLSTATE ${state})`;
  return { message: `${messageOf(cause)}${suffix}`, state, lost: isConnectionLoss(cause) };
}
