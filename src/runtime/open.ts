import type { FleetDefinition } from "../config/define.ts";
import type { FleetConfig, ServiceConfig } from "../config/schema.ts";
import { type FleetError, isFleetError, throwProblems } from "../core/errors.ts";
import { requestedTarget, unknownNames } from "../tenants/targets.ts";
import { isAppliedSql } from "./begin.ts";
import type { Binding } from "./binding.ts";
import { drizzleDatabase } from "./drizzle-database.ts";
import type {
  Fleet,
  RuntimeOptions,
  Schemas,
  ServiceDatabases,
  ServiceRelations,
} from "./fleet-types.ts";
import { applicationAddresses, Pools } from "./pools.ts";
import {
  type AnyOptions,
  databaseNames,
  perService,
  type Services,
  serviceConfig,
  usedServices,
} from "./services.ts";
import { TenantPool } from "./tenant-pool.ts";

export { FleetError, type FleetErrorCode, isFleetError } from "../core/errors.ts";
export type {
  Fleet,
  Relations,
  RuntimeOptions,
  Schemas,
  ServiceDatabases,
  ServiceRelations,
} from "./fleet-types.ts";

/** Makes a key that is not a service of the definition a type error. */
type OnlyServices<Given, Service extends string> = {
  readonly [Name in keyof Given]: Name extends Service ? unknown : never;
};

/**
 * Opens a fleet for an application. It opens no connection: the first query does, as the application role.
 *
 * Call it once, when the program starts, and call `close` when it ends.
 *
 * @param definition the default export of `drizzle.config.ts`
 * @param options the Drizzle schemas of the services that the program uses, and how to connect
 * @returns the Drizzle databases of each tenant and service
 * @throws FleetError `config` if a database has no connection settings; `usage` if a service does not exist
 * @example
 * import definition from "./drizzle.config.ts";
 * import * as auth from "./schema/auth/index.ts";
 *
 * const fleet = openFleet(definition, { schemas: { auth } });
 * await fleet.tenant("acme").auth.select().from(auth.users);
 * await fleet.close();
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
  const opened = new UntypedFleet(definition.fleet, options);
  return {
    tenant: (id) => opened.tenant(id) as ServiceDatabases<Given, Related>,
    service: opened.databases(undefined, undefined) as ServiceDatabases<Given, Related>,
    atLeast: (tenant, service, tag) => opened.atLeast(tenant, service, tag),
    close: () => opened.close(),
  };
}

/**
 * Finds the FleetError in an error that a query threw: drizzle-orm wraps its driver's errors.
 *
 * @param error any value that was thrown
 * @returns the FleetError, or undefined if the error has another cause, such as an error of PostgreSQL
 * @example
 * try {
 *   return await fleet.tenant(id).auth.select().from(auth.users);
 * } catch (error) {
 *   if (fleetErrorOf(error)?.code === "tenant") return notFound();
 *   throw error;
 * }
 */
export function fleetErrorOf(error: unknown): FleetError | undefined {
  for (let one = error; one instanceof Error; one = one.cause) if (isFleetError(one)) return one;
  return undefined;
}

/** The number of tenants whose Drizzle databases are cached. They hold no connections. */
const cachedTenants = 1_000;

/** An open fleet, without the types of its Drizzle databases. */
class UntypedFleet {
  readonly #config: FleetConfig;
  readonly #options: AnyOptions;
  readonly #services: Services;
  readonly #databaseNames: readonly string[];
  readonly #pools: Pools;
  /** By tenant and database, the least recently used first. */
  readonly #tenants = new Map<string, object>();

  constructor(config: FleetConfig, options: AnyOptions) {
    this.#config = config;
    this.#options = options;
    this.#services = usedServices(config, options);
    this.#databaseNames = databaseNames(config, this.#services, options);
    const environment = options.environment ?? process.env;
    this.#pools = new Pools(applicationAddresses(config, this.#databaseNames, environment), {
      max: options.pool?.max ?? 10,
      idleTimeoutMs: options.pool?.idleTimeoutMs ?? 10_000,
      // 0 means no limit to the driver, but no waiting in the configuration.
      connectTimeoutMs: Math.max(config.connectTimeout, 1_000),
      applicationName: options.applicationName ?? "drizzle-fleet runtime",
    });
  }

  tenant(id: string): object {
    const database = this.#databaseOf(id);
    // After a tenant was moved to another database, its old entry must not be used.
    const key = JSON.stringify([id, database]);
    const databases = this.#tenants.get(key) ?? this.databases(id, database);
    this.#tenants.delete(key);
    this.#tenants.set(key, databases);
    if (this.#tenants.size > cachedTenants)
      this.#tenants.delete(this.#tenants.keys().next().value ?? key);
    return databases;
  }

  /**
   * The Drizzle databases of the services with a schema per tenant, or of those with a single schema.
   *
   * @param database the database that contains the tenant's data; undefined: as configured
   */
  databases(tenant: string | undefined, database: string | undefined): object {
    return perService(this.#services, tenant, (service, config) => {
      const minVersion = this.#options.minVersion?.[service];
      const binding = { ...this.#bindingOf(service, config, tenant, database), minVersion };
      return () => drizzleDatabase(this.#poolFor(binding), config, service, this.#options);
    });
  }

  async atLeast(tenant: string | undefined, service: string, tag: string): Promise<boolean> {
    const config = serviceConfig(this.#services, service, tenant);
    const database = tenant === undefined ? undefined : this.#databaseOf(tenant);
    const binding = this.#bindingOf(service, config, tenant, database);
    const text = `SELECT ${isAppliedSql(binding.target.schema, tag)} AS reached`;
    const { rows } = (await this.#poolFor(binding).query({ text })) as {
      rows: { reached: boolean }[];
    };
    return rows[0]?.reached === true;
  }

  close(): Promise<void> {
    return this.#pools.close();
  }

  #databaseOf(tenant: string): string | undefined {
    const database = this.#options.databaseOf?.(tenant);
    throwProblems(
      unknownNames("database", database === undefined ? [] : [database], this.#databaseNames),
      "databaseOf returned a database that is not configured",
    );
    return database;
  }

  #poolFor(binding: Binding): TenantPool {
    return new TenantPool(binding, () => this.#pools.take(binding.target.database));
  }

  #bindingOf(
    service: string,
    config: ServiceConfig,
    tenant: string | undefined,
    database: string | undefined,
  ): Binding {
    const { sharedSchemas, extensionSchema } = config;
    return {
      target: requestedTarget(this.#config, config, { service, tenant, home: database }),
      sharedSchemas: [
        ...sharedSchemas,
        ...(extensionSchema === undefined ? [] : [extensionSchema]),
      ],
      minVersion: undefined,
      ownRole: this.#config.roles === "per-tenant" && tenant !== undefined,
      registry: this.#config.tenants === undefined,
    };
  }
}
