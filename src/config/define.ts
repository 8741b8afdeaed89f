import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import { FleetError } from "../core/errors.ts";
import type { AdminUser } from "../core/onboarding.ts";
import {
  type EnvironmentReference,
  type FleetConfig,
  type FleetInput,
  type Prefix,
  parseFleet,
  type Tenant,
} from "./schema.ts";

export type { AdminUser } from "../core/onboarding.ts";
export type { EnvironmentReference, FleetConfig, FleetInput } from "./schema.ts";

/** What `drizzle.config.ts` exports: the fleet, and for drizzle-kit the one service that SERVICE names. */
export interface FleetDefinition {
  readonly fleet: FleetConfig;
  readonly dialect: "postgresql";
  readonly schema: string | string[];
  readonly out: string;
  readonly casing: "snake_case" | "camelCase" | undefined;
  readonly migrations: { readonly prefix: Prefix } | undefined;
  readonly breakpoints: true;
}

/**
 * Declares a fleet. The result is also a drizzle-kit configuration: `SERVICE=auth npx drizzle-kit generate`
 * sees that service's `schema` and `out`.
 *
 * @param input databases, services and tenants
 * @throws FleetError `config` that lists every problem with its path
 */
export function defineFleet(input: FleetInput): FleetDefinition {
  const fleet = parseFleet(input);
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

function selectedService(fleet: FleetConfig): FleetConfig["services"][string] {
  const names = Object.keys(fleet.services);
  const wanted = process.env.SERVICE;
  const service = names.includes(wanted ?? "") ? fleet.services[wanted ?? ""] : undefined;
  if (service !== undefined) return service;
  throw new FleetError(
    "usage",
    wanted === undefined || wanted === ""
      ? `SERVICE is not set. Choose one of: ${names.join(", ")}. Example: SERVICE=${names[0]} npx drizzle-kit generate`
      : `there is no service "${wanted}". SERVICE can be: ${names.join(", ")}`,
  );
}
