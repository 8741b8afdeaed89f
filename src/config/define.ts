import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import { FleetError } from "../core/errors.ts";
import type { AdminUser } from "../core/onboarding.ts";
import type { EnvironmentReference, FleetInput, ServiceInput } from "./input.ts";
import { type FleetConfig, type Prefix, parseFleet, type Tenant } from "./schema.ts";
import { getSecret } from "./secrets.ts";
import { isServerNamed, standardAddress } from "./standard.ts";

export type { AdminUser } from "../core/onboarding.ts";
export type {
  AllowedDrift,
  DatabaseInput,
  EnvironmentReference,
  FleetInput,
  LintInput,
  RolloutInput,
  ServiceInput,
  TenantInput,
} from "./input.ts";
export type { FleetConfig } from "./schema.ts";

/**
 * The default export of `drizzle.config.ts`: a fleet for drizzle-fleet, and one of its services for drizzle-kit. The
 * environment variable SERVICE selects that service. It can be unset if the fleet has only one service.
 *
 * Made by `defineFleet`; you do not write it yourself. Reading any property other than `fleet` and `breakpoints`
 * throws a FleetError `usage` if SERVICE does not name a service of the fleet.
 *
 * @example
 *   const config = defineFleet({ ... });
 *   config.fleet.concurrency; // 4
 */
export interface FleetDefinition<Service extends string = string> {
  /** The validated configuration, with defaults filled in. `openFleet` infers the names of the services from it. */
  readonly fleet: FleetConfig & { readonly services: { readonly [Name in Service]: unknown } };
  readonly dialect: "postgresql";
  readonly schema: string | string[];
  readonly out: string;
  readonly casing: "snake_case" | "camelCase" | undefined;
  readonly migrations: { readonly prefix: Prefix } | undefined;
  /** The database for `drizzle-kit push` and `studio`; undefined if its environment variable is not set. */
  readonly dbCredentials: { readonly url: string } | undefined;
  readonly breakpoints: true;
}

/**
 * Declares a fleet: its databases, services and tenants. The result is also a drizzle-kit configuration:
 * `SERVICE=auth npx drizzle-kit generate` uses that service's `schema` and `out`. With one service, SERVICE is not
 * needed.
 *
 * @param input databases, services, tenants and options. Durations are milliseconds, from 0 to 2147483647, or texts
 *   such as `"30s"`; see `FleetInput` for each option and its default.
 * @returns the default export for the configuration file, read by drizzle-fleet, `openFleet` and drizzle-kit
 * @throws FleetError `config` that lists every invalid option with its path
 * @example
 *   export default defineFleet({
 *     databases: { platform: { url: env("DATABASE_URI") } },
 *     services: {
 *       auth: { schema: "./schema/auth", out: "./drizzle/auth", database: "platform", tenantSchema: "auth_{tenant}" },
 *     },
 *     tenants: ["acme", "beta"],
 *   });
 */
export function defineFleet<const Service extends string = string>(
  input: FleetInput & { services: Record<Service, ServiceInput> },
): FleetDefinition<Service> {
  const fleet = parseFleet(input) as FleetDefinition<Service>["fleet"];
  const service = () => selectedService(fleet);
  return {
    fleet,
    // Getters, because drizzle-fleet reads only `fleet` and needs no SERVICE, while drizzle-kit reads these.
    get dialect() {
      service();
      return "postgresql" as const;
    },
    get schema() {
      return service().schema;
    },
    get out() {
      return service().out;
    },
    get casing() {
      return service().casing;
    },
    get migrations() {
      const { prefix } = service();
      return prefix && { prefix };
    },
    get dbCredentials() {
      return credentialsOf(fleet, service().database);
    },
    breakpoints: true,
  };
}

/**
 * The tenant that a seed runs for.
 *
 * @example
 *   const tenant: SeededTenant = { id: "acme", attributes: { plan: "gold" } };
 */
export interface SeededTenant {
  readonly id: string;
  readonly attributes: Tenant["attributes"];
}

/**
 * The functions that fill a new tenant's schema of one service. Each function runs in its own transaction, with the
 * tenant schema on the search_path, and may run again after a crash: make it repeatable, for example with
 * `onConflictDoNothing`. If a function throws, its transaction is rolled back and the onboarding fails.
 *
 * @example
 *   const roles: Seed = {
 *     seed: async (database) => void (await database.insert(roleTable).values({ name: "admin" }).onConflictDoNothing()),
 *   };
 */
export interface Seed {
  /** Inserts initial rows: default roles, permissions, settings. */
  seed?(database: PgRemoteDatabase, tenant: SeededTenant): Promise<void>;
  /** Creates the tenant's first user. At most one service of a fleet can have this function. */
  createAdminUser?(database: PgRemoteDatabase, admin: AdminUser): Promise<void>;
  /** Deletes the user that `createAdminUser` created. */
  removeAdminUser?(database: PgRemoteDatabase, admin: Pick<AdminUser, "email">): Promise<void>;
}

/**
 * Declares a service's seed. Make it the default export of the module that the service's `seed` option names.
 *
 * @param seed the functions to run for each new tenant, all optional
 * @returns the same object, with its type checked. It never throws.
 * @example
 *   export default defineSeed({
 *     async seed(database, tenant) {
 *       await database.insert(settings).values({ key: "tenant", value: tenant.id }).onConflictDoNothing();
 *     },
 *   });
 */
export function defineSeed(seed: Seed): Seed {
  return seed;
}

/**
 * Refers to an environment variable that contains a connection URL or a password. The variable is read when a verb
 * needs the database. The value can also come from a file: `<NAME>_FILE` contains its path, or SECRETS_DIR is a
 * folder with a file `<NAME>`.
 *
 * @param name the variable's name, not empty
 * @returns a reference for `url`, `directUrl`, `applicationUrl`, `password` or `proofDatabase`. It never throws; a
 *   verb that needs the variable throws a FleetError `config` if it is not set.
 * @example
 *   databases: { platform: { url: env("DATABASE_URI") } }
 */
export function env(name: string): EnvironmentReference {
  return { environmentVariable: name };
}

/**
 * Never throws for an unset variable: drizzle-kit reads all settings for every command, including those that need no
 * database.
 */
function credentialsOf(fleet: FleetConfig, name: string): { readonly url: string } | undefined {
  const { url, name: ownName } = fleet.databases[name] ?? {};
  if (typeof url === "string") return { url };
  const found = url && getSecret(url.environmentVariable, process.env);
  if (found !== undefined) return { url: found };
  if (!isServerNamed(process.env)) return undefined;
  return { url: standardAddress(name, "admin", ownName, process.env) };
}

function selectedService(fleet: FleetConfig): FleetConfig["services"][string] {
  const names = Object.keys(fleet.services);
  const wanted = process.env.SERVICE ?? "";
  const name = wanted === "" && names.length === 1 ? (names[0] ?? "") : wanted;
  const service = names.includes(name) ? fleet.services[name] : undefined;
  if (service !== undefined) return service;
  throw new FleetError(
    "usage",
    wanted === ""
      ? `SERVICE is not set. Set it to one of: ${names.join(", ")}. Example: SERVICE=${names[0]} npx drizzle-kit generate`
      : `service "${wanted}" does not exist. Set SERVICE to one of: ${names.join(", ")}`,
  );
}
