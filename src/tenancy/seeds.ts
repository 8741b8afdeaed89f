import { resolve } from "node:path";
import type { Seed } from "../config/define.ts";
import { defaultOf } from "../config/load.ts";
import { importTypeScript } from "../config/typescript.ts";
import { FleetError } from "../core/errors.ts";
import type { Context } from "../fleet/context.ts";

/** A service's seed module. */
export interface LoadedSeed {
  readonly service: string;
  readonly seed: Seed;
}

/**
 * Loads the seed modules of all services that have a schema for each tenant.
 *
 * @throws FleetError `config` for a module that does not export a seed; `schema` for a module that cannot be loaded
 */
export async function loadSeeds({ config }: Context): Promise<LoadedSeed[]> {
  const named = Object.entries(config.fleet.services).flatMap(
    ([service, { seed, tenantSchema }]) =>
      seed === undefined || tenantSchema === undefined ? [] : { service, file: seed },
  );
  if (named.length === 0) return [];
  const paths = named.map(({ file }) => resolve(config.root, file));
  const { modules } = await importTypeScript(paths, config.root);
  return named.map(({ service, file }, index) => {
    const exported = defaultOf(modules[index]);
    if (isSeed(exported)) return { service, seed: exported };
    throw new FleetError("config", `${file} does not export a seed`, {
      where: `services.${service}.seed`,
      remedy:
        'Write: import { defineSeed } from "drizzle-fleet/config"; export default defineSeed({ async seed(db) { ... } });',
    });
  });
}

const functions = ["seed", "createAdminUser", "removeAdminUser"];

function isSeed(exported: unknown): exported is Seed {
  if (typeof exported !== "object" || exported === null) return false;
  const entries = Object.entries(exported);
  return (
    entries.length > 0 &&
    entries.every(([name, value]) => functions.includes(name) && typeof value === "function")
  );
}

/**
 * The only service that can create the first admin of a tenant.
 *
 * @throws FleetError `config` if no service can, or more than one
 */
export function adminSeed(seeds: readonly LoadedSeed[]): LoadedSeed & {
  readonly create: NonNullable<Seed["createAdminUser"]>;
} {
  const able = seeds.flatMap(({ service, seed }) =>
    seed.createAdminUser === undefined
      ? []
      : { service, seed, create: seed.createAdminUser.bind(seed) },
  );
  const [only, another] = able;
  if (only !== undefined && another === undefined) return only;
  throw new FleetError(
    "config",
    only === undefined
      ? "no service can create an admin"
      : `more than one service can create the admin: ${able.map(({ service }) => service).join(", ")}`,
    {
      remedy:
        "Nothing was changed. Define createAdminUser in the seed module of exactly one service, or omit --admin-email.",
    },
  );
}
