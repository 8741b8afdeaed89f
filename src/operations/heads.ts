import { type Context, migrationsFolder } from "../fleet/context.ts";
import { selectServices } from "../fleet/services.ts";
import { headsOf } from "../source/heads.ts";

/** The newest migration of a service; two or more if branches are open. */
export interface Heads {
  readonly service: string;
  readonly heads: readonly string[];
}

/**
 * Finds the newest migrations of services. Reads files only, no database.
 *
 * @param names services; empty for all
 * @returns one entry for each service, in the configuration's order
 * @throws FleetError `usage` for an unknown service; `journal` for damaged files of drizzle-kit
 * @example
 * const [{ service, heads: tags }] = await heads(context, ["shop"]);
 */
export async function heads(context: Context, names: readonly string[]): Promise<Heads[]> {
  return Promise.all(
    selectServices(context.config.fleet, names).map(async ([service]) => ({
      service,
      heads: await headsOf(migrationsFolder(context, service)),
    })),
  );
}
