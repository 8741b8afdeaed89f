import type { FleetInput } from "../../src/config/schema.ts";
import { urlWith } from "./database.ts";
import type { Files } from "./fleet.ts";
import { SilentProxy } from "./silent-proxy.ts";
import { createFleet } from "./small-fleet.ts";

/** A fleet whose connections go through a proxy that can go silent. */
export async function createProxiedFleet(
  migrations: Files,
  tenants = ["a"],
  more: Partial<FleetInput> = {},
) {
  const proxies: SilentProxy[] = [];
  const { database, context } = await createFleet({
    tenants,
    migrations,
    settings: { connectTimeout: 2_000, ...more },
    addressOf: async ({ url }) => {
      const proxy = await SilentProxy.open(url);
      proxies.push(proxy);
      return urlWith(url, { hostname: "127.0.0.1", port: String(proxy.port) });
    },
  });
  const [proxy] = proxies;
  if (proxy === undefined) throw new Error("the fleet has no address");
  return { database, proxy, context };
}
