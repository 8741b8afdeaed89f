import type { FleetConfig, Tenant } from "../config/schema.ts";
import { FleetError } from "../core/errors.ts";

/** The tenants of one run. */
export interface Roster {
  /** The tenants that the configured source has, with their attributes and databases. */
  readonly listed: readonly Tenant[];
  /** The tenants that the run works on: those that `TENANTS` names, otherwise the listed ones. */
  readonly ids: readonly string[];
}

/**
 * The roster of a run.
 *
 * @param listed the tenants that the configured source has
 * @param override the value of `TENANTS`: tenant ids separated by spaces or commas; undefined when it is not set
 * @throws FleetError `usage` when `TENANTS` is set but names no tenant: an empty list must never select all tenants
 */
export function rosterOf(listed: readonly Tenant[], override?: string): Roster {
  const ids = override === undefined ? listed.map(({ id }) => id) : namedIn(override);
  if (override !== undefined && ids.length === 0)
    throw new FleetError("usage", "TENANTS is set but names no tenant", {
      remedy: "Set it to the tenants of this run. Or, to select all tenants, run: unset TENANTS",
    });
  return { listed, ids };
}

/** The tenant ids that a value of `TENANTS` names. */
export function namedIn(override: string | undefined): string[] {
  return [...new Set((override ?? "").split(/[\s,]+/).filter((name) => name !== ""))];
}

/** The tenants that the configuration itself lists, if it does. */
export function configuredTenants({ tenants }: FleetConfig): readonly Tenant[] {
  return Array.isArray(tenants) ? tenants : [];
}
