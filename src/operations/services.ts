import type { FleetConfig, ServiceConfig } from "../config/schema.ts";
import { throwProblems } from "../core/errors.ts";
import type { Allowance } from "../sql/read-statements.ts";
import { unknownNames } from "../tenants/targets.ts";

/**
 * The named services, or all of them.
 *
 * @throws FleetError `usage` for one that does not exist, with near names
 */
export function selectServices(
  fleet: FleetConfig,
  names: readonly string[],
): (readonly [string, ServiceConfig])[] {
  throwProblems(
    unknownNames("service", names, Object.keys(fleet.services)),
    "the selection names what does not exist",
  );
  return Object.entries(fleet.services).filter(
    ([name]) => names.length === 0 || names.includes(name),
  );
}

/** What a service's configuration lets one of its migrations do. */
export function allowanceOf(config: ServiceConfig, tag: string): Allowance {
  const { sharedSchemas, extensionSchema, acceptUnproved } = config;
  return { sharedSchemas, extensionSchema, acceptUnproved: acceptUnproved.includes(tag) };
}

/** The schemas on a service's search_path behind the tenant's own. */
export function schemasBehind({ sharedSchemas, extensionSchema }: ServiceConfig): string[] {
  return [
    ...new Set([...sharedSchemas, ...(extensionSchema === undefined ? [] : [extensionSchema])]),
  ];
}
