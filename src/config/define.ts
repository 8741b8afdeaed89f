import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import { FleetError } from "../core/errors.ts";
import type { AdminUser } from "../core/onboarding.ts";
import type { EnvironmentReference, FleetInput, ServiceInput } from "./input.ts";
import { type FleetConfig, type Prefix, parseFleet, type Tenant } from "./schema.ts";
import { getSecret } from "./secrets.ts";
import { isServerNamed, standardAddress } from "./standard.ts";

export type { AdminUser } from "../core/onboarding.ts";
export type {
  DatabaseInput,
  EnvironmentReference,
  FleetInput,
  RolloutInput,
  ServiceInput,
  TenantInput,
} from "./input.ts";
export type { FleetConfig } from "./schema.ts";

/**
 * What `drizzle.config.ts` exports: the fleet, and for drizzle-kit one service: the one that SERVICE names, which only has
 * to be said where there are several.
 */
export interface FleetDefinition<Service extends string = string> {
  /** The checked configuration. Its services are what `openFleet` knows the names of. */
  readonly fleet: FleetConfig & { readonly services: { readonly [Name in Service]: unknown } };
  readonly dialect: "postgresql";
  readonly schema: string | string[];
  readonly out: string;
  readonly casing: "snake_case" | "camelCase" | undefined;
  readonly migrations: { readonly prefix: Prefix } | undefined;
  /** Where the service's database is, for `drizzle-kit push` and `studio`; undefined while its variable is not set. */
  readonly dbCredentials: { readonly url: string } | undefined;
  readonly breakpoints: true;
}

/**
 * Declares a fleet. The result is also a drizzle-kit configuration: `SERVICE=auth npx drizzle-kit generate`
 * sees that service's `schema` and `out`. With one service, SERVICE is not needed.
 *
 * @param input databases, services and tenants; `FleetInput` says what each option means
 * @returns what `openFleet`, drizzle-fleet's verbs and drizzle-kit read
 * @throws FleetError `config` that lists every problem with its path
 * @example
 * export default defineFleet({
 *   databases: { platform: { url: env("DATABASE_URI") } },
 *   services: {
 *     auth: { schema: "./schema/auth", out: "./drizzle/auth", database: "platform", tenantSchema: "auth_{tenant}" },
 *   },
 *   tenants: ["acme", "beta"],
 * });
 */
export function defineFleet<const Service extends string = string>(
  input: FleetInput & { services: Record<Service, ServiceInput> },
): FleetDefinition<Service> {
  const fleet = parseFleet(input) as FleetDefinition<Service>["fleet"];
  const service = () => selectedService(fleet);
  return {
    fleet,
    // Getters: drizzle-fleet reads `fleet` alone and needs no SERVICE, drizzle-kit reads these.
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

/** The tenant that a seed is for. */
export interface SeededTenant {
  readonly id: string;
  readonly attributes: Tenant["attributes"];
}

/**
 * What a service puts into every new tenant. Each function runs in a transaction of its own in the tenant's schema, and
 * may run again after a crash: write with `onConflictDoNothing`.
 */
export interface Seed {
  /** Default roles, permissions, settings. */
  seed?(database: PgRemoteDatabase, tenant: SeededTenant): Promise<void>;
  /** The tenant's first user. At most one service of a fleet has this. */
  createAdminUser?(database: PgRemoteDatabase, admin: AdminUser): Promise<void>;
  /** Takes that user back. */
  removeAdminUser?(database: PgRemoteDatabase, admin: Pick<AdminUser, "email">): Promise<void>;
}

/** Declares a service's seed: the default export of the module that `seed` of the service names. */
export function defineSeed(seed: Seed): Seed {
  return seed;
}

/** A connection URL that comes from an environment variable. */
export function env(name: string): EnvironmentReference {
  return { environmentVariable: name };
}

/** drizzle-kit reads all settings for every command: one that needs no database must not fail for want of a variable. */
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
      ? `SERVICE is not set. Choose one of: ${names.join(", ")}. Example: SERVICE=${names[0]} npx drizzle-kit generate`
      : `there is no service "${wanted}". SERVICE can be: ${names.join(", ")}`,
  );
}
