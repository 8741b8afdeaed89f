import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";

const tryAgain = "Fix the problem above, then run the same command again.";

/** What a server or a seed threw, as an error that names the target. */
export function targetError({ service, tenant, schema }: Target, error: unknown): FleetError {
  const { message, state } = causeOf(error);
  return new FleetError("onboarding", `${service}/${tenant}: ${message}`, {
    where: schema,
    remedy:
      state === sqlstate.targetLocked
        ? "Try again when the other runner has finished."
        : (serverRemedy(state) ?? tryAgain),
    cause: error,
  });
}

/** What a server reported during work on a tenant; any other error is a bug and returned as it is. */
export function tenantError(id: string, error: unknown): unknown {
  const { message, state, lost } = causeOf(error);
  if (isFleetError(error) || (state === undefined && !lost)) return error;
  return new FleetError("onboarding", `tenant ${id}: ${message}`, {
    remedy: lost
      ? "The connection was lost. See the tenant's status: npx drizzle-fleet tenants list. Then run the same command again."
      : (serverRemedy(state) ?? tryAgain),
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
