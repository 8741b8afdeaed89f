import type { FleetInput } from "../../src/config/schema.ts";
import { appFleet } from "./fleet.ts";

/** The services of the example. */
export const exampleServices = ["auth", "workflow", "ingestion"] as const;

/** The example with all services in one database, each with a schema `{service}_{tenant}` for each tenant. */
export function exampleFleet(url: string, tenants: string[]): FleetInput {
  const services = exampleServices.map((name) => [
    name,
    {
      schema: `./schema/${name}`,
      out: `./drizzle/${name}`,
      database: "main",
      tenantSchema: `${name}_{tenant}`,
    },
  ]);
  return appFleet(url, tenants, { services: Object.fromEntries(services) });
}
