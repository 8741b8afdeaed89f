import { FleetError, throwProblems } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type { Context } from "../fleet/context.ts";
import { databasesOf, type OpenDatabases, withDatabases } from "../fleet/databases.ts";
import { withRoster } from "../fleet/roster.ts";
import { type GrantResult, grantEach } from "../tenancy/application-access.ts";
import { grantAccess, grantToApplication, type NewTenant } from "../tenancy/onboarding.ts";
import { existingTargets } from "../tenancy/targets.ts";
import { rosterOf } from "../tenants/roster.ts";
import { everything, resolveTargets, unknownNames } from "../tenants/targets.ts";

/** Which tenants to grant access to. */
export interface GrantRequest {
  /** Their ids; empty with `all`. */
  readonly tenants: readonly string[];
  /** Every tenant that takes part in rollouts, and the schemas of services with a single one. */
  readonly all?: boolean;
}

/**
 * Grants the application role access to the schemas of tenants, whatever source lists them: for schemas that were
 * created before the role was configured, or in the other mode of `roles`. A tenant that fails leaves the others alone.
 *
 * @throws FleetError `usage` for an unknown tenant; `tenant` for a named tenant that is not active; `config` when no
 *   application role is configured
 * @example
 * const { failed } = await grantTenants(context, { tenants: [], all: true });
 */
export function grantTenants(context: Context, request: GrantRequest): Promise<GrantResult> {
  const { tenants, all = false } = request;
  return withRoster(context, { tenants }, ({ listed }) => {
    // TENANTS restricts rollouts. Here the command itself names the tenants.
    const roster = rosterOf(listed);
    throwProblems(
      unknownNames("tenant", tenants, roster.ids),
      "the selection contains unknown names",
    );
    const { fleet } = context.config;
    const selection = { ...everything, tenants: all ? [] : tenants };
    const targets = resolveTargets(fleet, roster, selection);
    return withDatabases(context, Object.keys(fleet.databases), async (open) => {
      refuseWithoutRole(targets, open);
      return grantEach({ context, open }, targets, {
        registered: grantAccess,
        listed: async (access, own) =>
          grantToApplication(access, await existingTargets(access, own)),
      });
    });
  });
}

/**
 * As `grantTenants`, for one tenant, whose failure is thrown.
 *
 * @example
 * await grantTenant(context, { tenant: "acme" });
 */
export async function grantTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  const { failed } = await grantTenants(context, { tenants: [tenant] });
  throwProblems(
    failed.map(({ error }) => error),
    `the application has no access to the schemas of ${tenant}`,
  );
}

function refuseWithoutRole(targets: readonly Target[], open: OpenDatabases): void {
  const name = databasesOf(targets).find((one) => open.applicationRoleOf(one) === undefined);
  if (name === undefined) return;
  throw new FleetError(
    "config",
    `no application role is configured for database "${name}", other than the owner of the schemas`,
    {
      where: `databases.${name}.applicationUrl`,
      remedy: "Set DB_USER_SERVER or applicationUrl to the role that your programs connect as.",
    },
  );
}
