import { FleetError } from "../core/errors.ts";
import {
  type EnvironmentReference,
  type FleetConfig,
  type FleetInput,
  parseFleet,
} from "./schema.ts";

export type { EnvironmentReference, FleetConfig, FleetInput } from "./schema.ts";

/** What `drizzle.config.ts` exports: the fleet, and for drizzle-kit the one service that SERVICE names. */
export interface FleetDefinition {
  readonly fleet: FleetConfig;
  readonly dialect: "postgresql";
  readonly schema: string | string[];
  readonly out: string;
  readonly casing: "snake_case" | "camelCase" | undefined;
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
    breakpoints: true,
  };
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
