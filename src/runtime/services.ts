import type { FleetConfig, ServiceConfig } from "../config/schema.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { configuredTenants } from "../tenants/roster.ts";
import { unknownNames } from "../tenants/targets.ts";
import type { RuntimeOptions, Schemas, ServiceRelations } from "./fleet-types.ts";

export type AnyOptions = RuntimeOptions<Schemas, ServiceRelations>;

/** The services that a program uses, by name. */
export type Services = ReadonlyMap<string, ServiceConfig>;

/**
 * The services whose Drizzle schemas or relations were passed.
 *
 * @throws FleetError `usage` for names that are not services
 */
export function usedServices(fleet: FleetConfig, options: AnyOptions): Services {
  const given = [
    ...new Set([...Object.keys(options.schemas), ...Object.keys(options.relations ?? {})]),
  ];
  throwProblems(
    [
      ...unknownNames("service", given, Object.keys(fleet.services)),
      ...unknownNames("service", Object.keys(options.minVersion ?? {}), given),
    ],
    "openFleet was passed services that do not exist",
  );
  return new Map(Object.entries(fleet.services).filter(([service]) => given.includes(service)));
}

/**
 * The configuration of a service that is used for a tenant, or for no tenant.
 *
 * @throws FleetError `usage` for a service that is not used, or that cannot be used in this way
 */
export function serviceConfig(
  services: Services,
  service: string,
  tenant: string | undefined,
): ServiceConfig {
  const config = services.get(service);
  throwProblems(
    config === undefined ? unknownNames("service", [service], [...services.keys()]) : [],
    "the service was not passed to openFleet",
  );
  if (config !== undefined && isUsedFor(config, tenant)) return config;
  throw new FleetError(
    "usage",
    tenant === undefined
      ? `service ${service} has a schema for each tenant`
      : `service ${service} has a single schema for all tenants`,
    {
      remedy: `Write fleet.${tenant === undefined ? "tenant(id)" : "service"}.${service}.`,
    },
  );
}

/** True if the service has a schema per tenant and a tenant is given, or neither. */
function isUsedFor({ tenantSchema }: ServiceConfig, tenant: string | undefined): boolean {
  return (tenantSchema === undefined) === (tenant === undefined);
}

/**
 * An object with a property for each service. Each value is created when it is first read.
 *
 * @param prepare called now for every service that can be used for this tenant; it returns what creates the value
 */
export function perService(
  services: Services,
  tenant: string | undefined,
  prepare: (service: string, config: ServiceConfig) => () => unknown,
): object {
  const object = {};
  for (const [service, config] of services) {
    const create = isUsedFor(config, tenant)
      ? prepare(service, config)
      : () => serviceConfig(services, service, tenant);
    let value: unknown;
    const get = () => {
      value ??= create();
      return value;
    };
    Object.defineProperty(object, service, { get, enumerable: true });
  }
  return object;
}

/** The databases that can contain the services' schemas. */
export function databaseNames(
  fleet: FleetConfig,
  services: Services,
  { databaseOf }: Pick<AnyOptions, "databaseOf">,
): string[] {
  if (databaseOf !== undefined) return Object.keys(fleet.databases);
  const ofTenants = configuredTenants(fleet).flatMap(({ database }) => database ?? []);
  return [...new Set([...[...services.values()].map(({ database }) => database), ...ofTenants])];
}
