import { type FleetConfig, type ServiceConfig, sourceSchemasOf } from "../config/schema.ts";
import { throwProblems } from "../core/errors.ts";
import type { Allowance } from "../sql/allowance.ts";
import type { ReadMigration } from "../sql/read-statements.ts";
import { unknownNames } from "../tenants/targets.ts";

/**
 * Returns the named services with their configuration.
 *
 * @param names empty for all services
 * @throws FleetError `usage` for a service that does not exist, with similar names
 */
export function selectServices(
  fleet: FleetConfig,
  names: readonly string[],
): (readonly [string, ServiceConfig])[] {
  throwProblems(
    unknownNames("service", names, Object.keys(fleet.services)),
    "the selection contains unknown names",
  );
  return Object.entries(fleet.services).filter(
    ([name]) => names.length === 0 || names.includes(name),
  );
}

/**
 * What a service's configuration allows a migration or its down to do.
 *
 * @param reverts for a down: the migration that it reverts, as `readStatements` returned it
 */
export function allowanceOf(
  config: ServiceConfig,
  tag: string,
  reverts?: Pick<ReadMigration, "changedOutside">,
): Allowance {
  const { sharedSchemas, extensionSchema, singleSchema, acceptUnproved } = config;
  return {
    sharedSchemas,
    extensionSchema,
    sourceSchemas: sourceSchemasOf(config),
    singleSchema,
    acceptUnproved: acceptUnproved.includes(tag),
    down: reverts,
  };
}

/** The schemas on a service's search_path after the tenant schema. */
export function sharedSchemasOf({ sharedSchemas, extensionSchema }: ServiceConfig): string[] {
  return [
    ...new Set([...sharedSchemas, ...(extensionSchema === undefined ? [] : [extensionSchema])]),
  ];
}

/** Schemas that do not belong to a tenant, even if their names match the pattern of a service. */
export function reservedSchemas(fleet: FleetConfig): string[] {
  return Object.values(fleet.services).flatMap((config) => [
    ...sharedSchemasOf(config),
    ...(config.singleSchema === undefined ? [] : [config.singleSchema]),
  ]);
}
