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

/** The tenants to grant access to. */
export interface GrantRequest {
  /** Tenant ids; empty with `all`. */
  readonly tenants: readonly string[];
  /** True: every active tenant, and the services without tenants. */
  readonly all?: boolean;
}

/**
 * Grants the application role access to the schemas of tenants. Needed for schemas that were created before the role was
 * configured, or with another value of `roles`. A failure does not affect other tenants.
 *
 * @returns the tenants with access, and the failures
 * @throws FleetError `usage` for an unknown tenant; `tenant` for a named tenant that is not active; `config` if no
 *   application role is configured
 * @example
 * const { failed } = await grantTenants(context, { tenants: [], all: true });
 */
export function grantTenants(context: Context, request: GrantRequest): Promise<GrantResult> {
  const { tenants, all = false } = request;
  return withRoster(context, { tenants }, ({ listed }) => {
    // TENANTS restricts rollouts, not this command.
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
 * Like `grantTenants`, for one tenant.
 *
 * @throws FleetError the errors of `grantTenants`, or the failure of the tenant
 * @example
 * await grantTenant(context, { tenant: "acme" });
 */
export async function grantTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  const { failed } = await grantTenants(context, { tenants: [tenant] });
  throwProblems(
    failed.map(({ error }) => error),
    `the application role could not be granted access to the schemas of ${tenant}`,
  );
}

function refuseWithoutRole(targets: readonly Target[], open: OpenDatabases): void {
  const name = databasesOf(targets).find((one) => open.applicationRoleOf(one) === undefined);
  if (name === undefined) return;
  throw new FleetError(
    "config",
    `no application role is configured for database "${name}": the owner of the schemas does not count as one`,
    {
      where: `databases.${name}.applicationUrl`,
      remedy: "Set DB_USER_SERVER or applicationUrl to the role that your programs connect as.",
    },
  );
}
