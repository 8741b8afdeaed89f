import type { DrizzleConfig } from "drizzle-orm";
import { drizzle, type NodePgClient, type NodePgDatabase } from "drizzle-orm/node-postgres";
import type { FleetDefinition } from "../config/define.ts";
import type { Environment } from "../config/environment.ts";
import type { FleetConfig, ServiceConfig } from "../config/schema.ts";
import { FleetError, isFleetError, throwProblems } from "../core/errors.ts";
import { configuredTenants } from "../tenants/roster.ts";
import { requestedTarget, unknownNames } from "../tenants/targets.ts";
import { type Binding, hasTag } from "./opening.ts";
import { applicationAddresses, Pools } from "./pools.ts";
import { TenantPool } from "./tenant-pool.ts";

export { FleetError, type FleetErrorCode, isFleetError } from "../core/errors.ts";

/** Drizzle schemas by the name of their service: `{ auth }` after `import * as auth from ...`. */
export type Schemas = Readonly<Record<string, Record<string, unknown>>>;

/** What Drizzle 1.0's `defineRelations` returns. */
export type Relations = Readonly<
  Record<string, { readonly table: unknown; readonly relations: object }>
>;

/** Relations by the name of their service. */
export type ServiceRelations = Readonly<Record<string, Relations>>;

/** True with the types of Drizzle 1.0, whose databases are typed by their relations and not by their schema. */
type HasRelations = "relations" extends keyof DrizzleConfig ? true : false;

/** The relations that a schema's module exports. */
type RelationsIn<Schema> = {
  [Name in keyof Schema]: Schema[Name] extends Relations
    ? keyof Schema[Name] extends never
      ? never
      : Schema[Name]
    : never;
}[keyof Schema];

/** Drizzle's databases, typed as either version does: the other one's type is never chosen. */
interface Typed<Schema, Related> {
  /** @ts-expect-error: the parameter of 0.45 is a schema */
  readonly bySchema: NodePgDatabase<Schema>;
  /** @ts-expect-error: the parameter of 1.0 are relations */
  readonly byRelations: NodePgDatabase<Related>;
}

type DatabaseOf<Schema, Related> = HasRelations extends true
  ? [Related] extends [never]
    ? NodePgDatabase
    : Typed<Schema, Related>["byRelations"]
  : Typed<Schema, Related>["bySchema"];

/** A Drizzle database for each service. */
export type ServiceDatabases<
  Given extends Schemas,
  Related extends ServiceRelations = Record<never, never>,
> = {
  readonly [Service in keyof Given | keyof Related]: DatabaseOf<
    Service extends keyof Given ? Given[Service] : Record<string, never>,
    Service extends keyof Related
      ? Related[Service]
      : Service extends keyof Given
        ? RelationsIn<Given[Service]>
        : never
  >;
};

export interface RuntimeOptions<
  Given extends Schemas,
  Related extends ServiceRelations = Record<never, never>,
> {
  /** Drizzle schemas by the name of their service: `{ auth }` after `import * as auth from ...`. */
  readonly schemas: Given;
  /**
   * With Drizzle 1.0: what `defineRelations` returns, by the name of the service, for `.query`. Where a schema's module
   * exports exactly one such object, it need not be given.
   */
  readonly relations?: Related;
  /** Where to look for the databases' addresses; `process.env` unless it is given. */
  readonly environment?: Environment;
  readonly pool?: {
    /** Connections to each database, for all tenants; 10 unless it is given. */
    readonly max?: number;
    /** After how long an unused connection is closed, in milliseconds; 10,000 unless it is given. */
    readonly idleTimeoutMs?: number;
  };
  /** For each service the migration that a tenant must have; others are refused. */
  readonly minVersion?: { readonly [Service in keyof Given | keyof Related]?: string };
  /**
   * The database, by its name in the configuration, that holds all that is a tenant's; undefined: where the
   * configuration has it. It is asked whenever a tenant is.
   */
  readonly databaseOf?: (tenant: string) => string | undefined;
  /** What the server shows the connections as. */
  readonly applicationName?: string;
  /** Drizzle's own: it sees the queries, not what binds them to their tenant. */
  readonly logger?: DrizzleConfig["logger"];
}

/** An application's way to its tenants' data. */
export interface Fleet<
  Given extends Schemas,
  Related extends ServiceRelations = Record<never, never>,
> {
  /**
   * A tenant's databases. It asks nobody: whether there is such a tenant, the first query says.
   *
   * @throws FleetError `tenant` for an id that cannot be a tenant's; `usage` when `databaseOf` gives it a database
   *   that does not exist
   */
  tenant(id: string): ServiceDatabases<Given, Related>;
  /** The databases of services that keep a single schema. */
  readonly service: ServiceDatabases<Given, Related>;
  /**
   * True when a migration is applied whole.
   *
   * @param tenant undefined for a service that keeps a single schema
   * @param tag the migration's file name without `.sql`
   * @throws what a query throws: a DrizzleQueryError has the FleetError as its `cause`, this has it itself
   */
  atLeast(
    tenant: string | undefined,
    service: (keyof Given | keyof Related) & string,
    tag: string,
  ): Promise<boolean>;
  /** Waits for what runs, and closes the connections. */
  close(): Promise<void>;
}

/** How many tenants' objects are kept. They hold no connections, and are made anew when they are needed. */
const keptTenants = 1_000;

/** Makes a key that is no service of the definition a type error. */
type OnlyServices<Given, Service extends string> = {
  readonly [Name in keyof Given]: Name extends Service ? unknown : never;
};

/**
 * Opens a fleet for an application. Nothing connects before the first query.
 *
 * @param definition what `drizzle.config.ts` exports
 * @param options the services' Drizzle schemas, and how to connect
 * @returns databases by tenant and service; close it when the program ends
 * @throws FleetError `config` when the databases are not configured; `usage` for services that do not exist
 * @example
 * const fleet = openFleet(definition, { schemas: { auth } });
 * await fleet.tenant("acme").auth.select().from(auth.users);
 */
export function openFleet<
  const Given extends Schemas,
  const Related extends ServiceRelations = Record<never, never>,
  Service extends string = string,
>(
  definition: FleetDefinition<Service>,
  options: RuntimeOptions<Given, Related> & {
    readonly schemas: OnlyServices<Given, Service>;
    readonly relations?: OnlyServices<Related, Service>;
  },
): Fleet<Given, Related> {
  return open<Given, Related>(definition, options);
}

function open<Given extends Schemas, Related extends ServiceRelations>(
  definition: FleetDefinition,
  options: RuntimeOptions<Given, Related>,
): Fleet<Given, Related> {
  const { fleet } = definition;
  const services = servicesOf(fleet, options);
  const names = databaseNames(fleet, services, options);
  const addresses = applicationAddresses(fleet, names, options.environment ?? process.env);
  const pools = new Pools(addresses, {
    max: options.pool?.max ?? 10,
    idleTimeoutMs: options.pool?.idleTimeoutMs ?? 10_000,
    // To the driver 0 means for ever, and to the configuration not at all.
    connectTimeoutMs: Math.max(fleet.connectTimeout, 1_000),
    applicationName: options.applicationName ?? "drizzle-fleet runtime",
  });
  const poolFor = (binding: Binding) =>
    new TenantPool(binding, () => pools.take(binding.target.database));
  const homeOf = (tenant: string) => {
    const home = options.databaseOf?.(tenant);
    throwProblems(
      unknownNames("database", home === undefined ? [] : [home], names),
      "databaseOf names what does not exist",
    );
    return home;
  };
  const databases = (tenant: string | undefined, home: string | undefined) =>
    lazily(services, tenant, (service, config) => {
      const minVersion = options.minVersion?.[service];
      const binding = bindingOf(fleet, service, config, { tenant, home }, minVersion);
      return () => databaseOn(poolFor(binding), config, service, options);
    }) as ServiceDatabases<Given, Related>;
  const tenants = new Map<string, ServiceDatabases<Given, Related>>();
  return {
    tenant: (id) => {
      const home = homeOf(id);
      // A tenant that has moved is another one.
      const key = JSON.stringify([id, home]);
      const found = tenants.get(key) ?? databases(id, home);
      // The one that was used last stands last.
      tenants.delete(key);
      tenants.set(key, found);
      if (tenants.size > keptTenants) tenants.delete(tenants.keys().next().value ?? key);
      return found;
    },
    service: databases(undefined, undefined),
    atLeast: async (tenant, service, tag) => {
      const config = configOf(services, service, tenant);
      const home = tenant === undefined ? undefined : homeOf(tenant);
      const binding = bindingOf(fleet, service, config, { tenant, home }, undefined);
      const text = `SELECT ${hasTag(binding.target.schema, tag)} AS reached`;
      const { rows } = (await poolFor(binding).query({ text })) as { rows: { reached: boolean }[] };
      return rows[0]?.reached === true;
    },
    close: () => pools.close(),
  };
}

/**
 * The FleetError behind whatever a query threw: drizzle-orm wraps what its driver throws.
 *
 * @returns undefined when it was another kind of error
 */
export function fleetErrorOf(error: unknown): FleetError | undefined {
  for (let one = error; one instanceof Error; one = one.cause) if (isFleetError(one)) return one;
  return undefined;
}

type AnyOptions = RuntimeOptions<Schemas, ServiceRelations>;

type Services = ReadonlyMap<string, ServiceConfig>;

/** The services whose schemas are given. */
function servicesOf(fleet: FleetConfig, options: AnyOptions): Services {
  const given = [
    ...new Set([...Object.keys(options.schemas), ...Object.keys(options.relations ?? {})]),
  ];
  throwProblems(
    [
      ...unknownNames("service", given, Object.keys(fleet.services)),
      ...unknownNames("service", Object.keys(options.minVersion ?? {}), given),
    ],
    "openFleet names services that do not exist",
  );
  return new Map(Object.entries(fleet.services).filter(([service]) => given.includes(service)));
}

/** @throws FleetError `usage` for a service that is not given, or is kept in the other way */
function configOf(services: Services, service: string, tenant: string | undefined): ServiceConfig {
  const config = services.get(service);
  throwProblems(
    config === undefined ? unknownNames("service", [service], [...services.keys()]) : [],
    "the service is not known",
  );
  if (config !== undefined && isKept(config, tenant)) return config;
  throw new FleetError(
    "usage",
    tenant === undefined
      ? `service ${service} is kept per tenant`
      : `service ${service} has no tenants`,
    {
      remedy: `Write fleet.${tenant === undefined ? "tenant(id)" : "service"}.${service}.`,
    },
  );
}

function isKept({ tenantSchema }: ServiceConfig, tenant: string | undefined): boolean {
  return (tenantSchema === undefined) === (tenant === undefined);
}

/**
 * An object with a property for each service, made when somebody asks for it.
 *
 * @param prepare is asked for every service that is kept in this way, at once; what it gives makes the property
 */
function lazily(
  services: Services,
  tenant: string | undefined,
  prepare: (service: string, config: ServiceConfig) => () => unknown,
): object {
  const object = {};
  for (const [service, config] of services) {
    const make = isKept(config, tenant)
      ? prepare(service, config)
      : () => configOf(services, service, tenant);
    let made: unknown;
    const get = () => {
      made ??= make();
      return made;
    };
    Object.defineProperty(object, service, { get, enumerable: true });
  }
  return object;
}

/** The databases that the services' schemas may be in. */
function databaseNames(
  fleet: FleetConfig,
  services: Services,
  { databaseOf }: Pick<AnyOptions, "databaseOf">,
): string[] {
  if (databaseOf !== undefined) return Object.keys(fleet.databases);
  const homes = configuredTenants(fleet).flatMap(({ database }) => database ?? []);
  return [...new Set([...[...services.values()].map(({ database }) => database), ...homes])];
}

/** Whose data is asked for, and where it all is when it is not where the configuration says. */
interface Owner {
  readonly tenant: string | undefined;
  readonly home: string | undefined;
}

function bindingOf(
  fleet: FleetConfig,
  service: string,
  config: ServiceConfig,
  { tenant, home }: Owner,
  minVersion: string | undefined,
): Binding {
  const { sharedSchemas, extensionSchema } = config;
  return {
    target: requestedTarget(fleet, service, config, tenant, home),
    sharedSchemas: [...sharedSchemas, ...(extensionSchema === undefined ? [] : [extensionSchema])],
    minVersion,
    ownRole: fleet.roles === "per-tenant" && tenant !== undefined,
    registry: fleet.tenants === undefined,
  };
}

function databaseOn(
  pool: TenantPool,
  { casing }: ServiceConfig,
  service: string,
  { schemas, relations: given, logger }: AnyOptions,
): unknown {
  const schema = schemas[service];
  const relations = given?.[service] ?? relationsIn(schema);
  return drizzle({
    // It has what drizzle-orm calls of a pool, and nothing else of one.
    client: pool as unknown as NodePgClient,
    ...(schema === undefined ? {} : { schema }),
    // Of 1.0 alone, which has no casing; 0.45 passes it over.
    ...(relations === undefined ? {} : { relations }),
    ...(casing === undefined ? {} : { casing }),
    ...(logger === undefined ? {} : { logger }),
  });
}

/** The one object of a schema's exports that `defineRelations` has made. */
function relationsIn(schema: Readonly<Record<string, unknown>> = {}): Relations | undefined {
  const found = Object.values(schema).filter(isRelations);
  return found.length === 1 ? found[0] : undefined;
}

function isRelations(value: unknown): value is Relations {
  if (typeof value !== "object" || value === null) return false;
  const parts: unknown[] = Object.values(value);
  const isPart = (part: unknown) =>
    typeof part === "object" && part !== null && "table" in part && "relations" in part;
  return (
    Object.getPrototypeOf(value) === Object.prototype && parts.length > 0 && parts.every(isPart)
  );
}
