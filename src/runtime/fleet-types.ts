import type { DrizzleConfig } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { Environment } from "../config/environment.ts";

/** The Drizzle schema of each service: `{ auth }` after `import * as auth from "./schema/auth"`. */
export type Schemas = Readonly<Record<string, Record<string, unknown>>>;

/** The return value of Drizzle 1.0's `defineRelations`. */
export type Relations = Readonly<
  Record<string, { readonly table: unknown; readonly relations: object }>
>;

/** The relations of each service. */
export type ServiceRelations = Readonly<Record<string, Relations>>;

/** True with Drizzle 1.0, which types its databases by their relations; 0.45 types them by their schema. */
type HasRelations = "relations" extends keyof DrizzleConfig ? true : false;

/** The relations that a schema's module exports. */
type RelationsIn<Schema> = {
  [Name in keyof Schema]: Schema[Name] extends Relations
    ? keyof Schema[Name] extends never
      ? never
      : Schema[Name]
    : never;
}[keyof Schema];

/** Drizzle's database type in both versions. Only the property of the installed version is used. */
interface Typed<Schema, Related> {
  /** @ts-expect-error: in 0.45 the type parameter is a schema */
  readonly bySchema: NodePgDatabase<Schema>;
  /** @ts-expect-error: in 1.0 the type parameter is relations */
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

/** Options of `openFleet`. */
export interface RuntimeOptions<
  Given extends Schemas,
  Related extends ServiceRelations = Record<never, never>,
> {
  /** The Drizzle schema of each service: `{ auth }` after `import * as auth from "./schema/auth"`. */
  readonly schemas: Given;
  /**
   * With Drizzle 1.0, the return value of `defineRelations` for each service that uses `.query`. Default: the relations
   * that the schema's module exports, if it exports exactly one such object. Drizzle 0.45 ignores it.
   */
  readonly relations?: Related;
  /** The variables from which connection settings are read. Default: `process.env`. */
  readonly environment?: Environment;
  readonly pool?: {
    /** The maximum number of connections to each database, for all tenants together; at least 1. Default: 10. */
    readonly max?: number;
    /** Milliseconds after which an unused connection is closed; 0 keeps it open. Default: 10,000. */
    readonly idleTimeoutMs?: number;
  };
  /**
   * For each service, the migration that a tenant must have, as its file name without `.sql`. A query of a tenant that
   * does not have it is refused. Default: no minimum.
   */
  readonly minVersion?: { readonly [Service in keyof Given | keyof Related]?: string };
  /**
   * Returns the configured database that contains all data of a tenant, or undefined to use the database from the
   * configuration. `tenant` and `atLeast` call it each time. Default: always the database from the configuration.
   */
  readonly databaseOf?: (tenant: string) => string | undefined;
  /** The connections' `application_name` in `pg_stat_activity`. Default: `drizzle-fleet runtime`. */
  readonly applicationName?: string;
  /** Drizzle's logger. It receives your queries, but not the statements that bind them to a tenant. */
  readonly logger?: DrizzleConfig["logger"];
}

/** An application's access to its tenants' data, made by `openFleet`. */
export interface Fleet<
  Given extends Schemas,
  Related extends ServiceRelations = Record<never, never>,
> {
  /**
   * Returns a tenant's Drizzle databases, one for each service with a schema per tenant. It opens no connection: if the
   * tenant does not exist or the application has no access to it, the first query throws.
   *
   * A failed query throws a DrizzleQueryError; pass it to `fleetErrorOf`.
   *
   * @param id the tenant's id, such as `acme`
   * @throws FleetError `tenant` if no tenant can have this id; `config` if its schema could be another service's;
   *   `usage` if `databaseOf` returns a database that is not configured, or if you read a service with a single schema
   * @example
   * const users = await fleet.tenant("acme").auth.select().from(auth.users);
   */
  tenant(id: string): ServiceDatabases<Given, Related>;
  /**
   * The Drizzle databases of services with a single schema. Reading a service with a schema per tenant throws a
   * FleetError `usage`.
   *
   * @example
   * const events = await fleet.service.ingestion.select().from(ingestion.events);
   */
  readonly service: ServiceDatabases<Given, Related>;
  /**
   * Checks whether a migration is completely applied. It queries the ledger.
   *
   * @param tenant the tenant's id; undefined for a service with a single schema
   * @param service the name of the service
   * @param tag the migration's file name without `.sql`, such as `0005_tag`
   * @returns false if the migration is not applied, only partly applied or unknown
   * @throws FleetError, without a DrizzleQueryError around it: `tenant` if the tenant does not exist or the
   *   application has no access to it; `usage` for a service that was not passed to `openFleet`, or after `close`;
   *   `unreachable` if no connection was available within `connectTimeout`. PostgreSQL's own error if the schema has
   *   no ledger, or if the application role cannot read it
   * @example
   * if (await fleet.atLeast("acme", "auth", "0005_tag")) showTags();
   */
  atLeast(
    tenant: string | undefined,
    service: (keyof Given | keyof Related) & string,
    tag: string,
  ): Promise<boolean>;
  /**
   * Waits for running transactions to finish, then closes all connections. Later queries throw a FleetError `usage`.
   * You can call it more than once.
   */
  close(): Promise<void>;
}
