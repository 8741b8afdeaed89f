import { statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { FleetError, isFleetError } from "../core/errors.ts";
import { type FleetConfig, parseFleet } from "./schema.ts";
import { importTypeScript } from "./typescript.ts";

export interface LoadedConfig {
  readonly fleet: FleetConfig;
  /** The folder of the configuration file: relative paths in it start here. */
  readonly root: string;
  readonly file: string;
}

/**
 * Reads `drizzle.config.ts`.
 *
 * @param path the file, or undefined for `drizzle.config.ts` in the current folder
 * @throws FleetError `config` when it is missing, does not load, or is not made by defineFleet
 */
export async function loadConfig(path: string | undefined): Promise<LoadedConfig> {
  const file = resolve(path ?? "drizzle.config.ts");
  const shown = relative(process.cwd(), file);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new FleetError("config", `there is no ${shown}`, {
      remedy:
        "Run the command in the folder of your drizzle.config.ts, or name the file with --config.",
    });
  }
  const root = dirname(file);
  loadEnvironmentFile(resolve(root, ".env"));
  return { fleet: await importFleet(file, root, shown), root, file };
}

/** `.env` beside the configuration fills in variables that are not set. */
function loadEnvironmentFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) process.loadEnvFile(path);
}

async function importFleet(file: string, root: string, shown: string): Promise<FleetConfig> {
  const { modules } = await importTypeScript([file], root).catch((error: unknown) => {
    throw isFleetError(error) && error.code === "schema" ? asConfigError(error, shown) : error;
  });
  const definition = modules[0]?.default;
  // Parsed once more: somebody may have put the object together by hand.
  if (typeof definition === "object" && definition !== null && "fleet" in definition)
    return parseFleet(definition.fleet);
  throw new FleetError("config", `${shown} does not export a fleet`, {
    remedy:
      'Write: import { defineFleet } from "drizzle-fleet/config"; export default defineFleet({ ... });',
  });
}

function asConfigError(error: FleetError, shown: string): FleetError {
  const { where = shown, excerpt } = error;
  return new FleetError("config", error.message, {
    where,
    ...(excerpt === undefined ? {} : { excerpt }),
    cause: error,
  });
}
