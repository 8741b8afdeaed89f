import { statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { systemAuthorities } from "../core/database.ts";
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
  const { exported, root, file, shown } = await importConfig(path);
  if (isFleetDefinition(exported))
    return { fleet: withFilesFrom(root, parseFleet(exported.fleet)), root, file };
  throw new FleetError("config", `${shown} does not export a fleet`, {
    remedy:
      'Write: import { defineFleet } from "drizzle-fleet/config"; export default defineFleet({ ... });',
  });
}

/** Certificates and passwords are named from the configuration's folder, like all files in it; `system` is none. */
function withFilesFrom(root: string, fleet: FleetConfig): FleetConfig {
  const databases = Object.entries(fleet.databases).map(([name, database]) => {
    const { tls, passwordFile } = database;
    const ca = tls?.ca === systemAuthorities ? undefined : tls?.ca;
    return [
      name,
      {
        ...database,
        ...(ca === undefined ? {} : { tls: { ...tls, ca: resolve(root, ca) } }),
        ...(passwordFile === undefined ? {} : { passwordFile: resolve(root, passwordFile) }),
      },
    ];
  });
  return { ...fleet, databases: Object.fromEntries(databases) };
}

/** A configuration file's default export, before anything is known of it. */
export interface ImportedConfig {
  readonly exported: unknown;
  readonly root: string;
  readonly file: string;
  /** The file as shown to people. */
  readonly shown: string;
}

/**
 * Imports a configuration file, with `.env` beside it filling in variables that are not set.
 *
 * @param path the file, or undefined for `drizzle.config.ts` in the current folder
 * @throws FleetError `config` when it is missing or does not load
 */
export async function importConfig(path: string | undefined): Promise<ImportedConfig> {
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
  const { modules } = await importTypeScript([file], root).catch((error: unknown) => {
    throw isFleetError(error) && error.code === "schema" ? asConfigError(error, shown) : error;
  });
  return { exported: modules[0]?.default, root, file, shown };
}

/** True for what defineFleet makes; it is parsed once more, for somebody may have put it together by hand. */
export function isFleetDefinition(exported: unknown): exported is { readonly fleet: unknown } {
  return typeof exported === "object" && exported !== null && "fleet" in exported;
}

/** `.env` beside the configuration fills in variables that are not set. */
function loadEnvironmentFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) process.loadEnvFile(path);
}

function asConfigError(error: FleetError, shown: string): FleetError {
  const { where = shown, excerpt } = error;
  return new FleetError("config", error.message, {
    where,
    ...(excerpt === undefined ? {} : { excerpt }),
    cause: error,
  });
}
