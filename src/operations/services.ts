import type { FleetConfig, ServiceConfig } from "../config/schema.ts";
import { resolveTargets } from "../tenants/targets.ts";

/**
 * The named services, or all of them.
 *
 * @throws FleetError `usage` for one that does not exist, with near names
 */
export function selectServices(
  fleet: FleetConfig,
  names: readonly string[],
): (readonly [string, ServiceConfig])[] {
  resolveTargets(fleet, [], { services: names, tenants: [], databases: [] });
  return Object.entries(fleet.services).filter(
    ([name]) => names.length === 0 || names.includes(name),
  );
}
