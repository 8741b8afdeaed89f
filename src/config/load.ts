import { statSync } from "node:fs";
import { dirname, extname, relative, resolve } from "node:path";
import { systemAuthorities } from "../core/database.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import { findConfigFile } from "./find.ts";
import { type FleetConfig, parseFleet } from "./schema.ts";
import { importTypeScript } from "./typescript.ts";

export interface LoadedConfig {
  readonly fleet: FleetConfig;
  /** The absolute folder of the configuration file. Relative paths in the file start there. */
  readonly root: string;
  readonly file: string;
}

/**
 * Reads and validates a fleet's configuration file.
 *
 * @param path the file, relative to the current folder, or undefined to search the current folder and its parents
 * @param seen is called with the absolute path of each file that the configuration imports, see `importTypeScript`
 * @returns the configuration, with defaults filled in
 * @throws FleetError `config` if the file is missing, cannot be loaded, or does not export a fleet
 * @example
 *   const { fleet, root } = await loadConfig("drizzle.config.ts");
 */
export async function loadConfig(
  path: string | undefined,
  seen?: (path: string) => void,
): Promise<LoadedConfig> {
  const { exported, root, file, shown } = await importConfig(path, seen);
  if (isFleetDefinition(exported, file))
    return { fleet: withFilesFrom(root, parseFleet(fleetIn(exported))), root, file };
  throw new FleetError("config", `${shown} does not export a fleet`, { remedy: remedyFor(shown) });
}

function remedyFor(shown: string): string {
  if (isJson(shown))
    return 'Write an object with "databases", "services" and "tenants", like the argument of defineFleet.';
  const example = "export default defineFleet({ ... });";
  return `Write: import { defineFleet } from "drizzle-fleet/config"; ${example} To convert a project that only uses drizzle-kit, run: npx drizzle-fleet init`;
}

function isJson(file: string): boolean {
  return extname(file) === ".json";
}

/**
 * Paths of certificate and password files are relative to the configuration file, like all paths in it. `system` is not
 * a path.
 */
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

/** A configuration file's default export, not yet validated. */
export interface ImportedConfig {
  readonly exported: unknown;
  readonly root: string;
  readonly file: string;
  /** The file's path, for error messages. */
  readonly shown: string;
}

/**
 * Imports a configuration file. A `.env` file beside it sets variables that are not set yet.
 *
 * @param path the file, or undefined to search for it, see `findConfigFile`
 * @param seen is called with each file that the configuration imports, see `importTypeScript`
 * @throws FleetError `config` if the file is missing or cannot be loaded
 */
export async function importConfig(
  path: string | undefined,
  seen?: (path: string) => void,
): Promise<ImportedConfig> {
  const file = await findConfigFile(path);
  const shown = relative(process.cwd(), file);
  const root = dirname(file);
  loadEnvironmentFile(resolve(root, ".env"));
  const { modules } = await importTypeScript([file], root, seen).catch((error: unknown) => {
    throw isFleetError(error) && error.code === "schema" ? configLoadError(error, shown) : error;
  });
  return { exported: defaultOf(modules[0]), root, file, shown };
}

/**
 * A module's default export. For a CommonJS module, `module.exports` is the default export, and may have one itself.
 */
export function defaultOf(module: unknown): unknown {
  const own = memberOf(module, "default");
  return memberOf(own, "default") ?? own;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/**
 * The result of defineFleet, or the content of a JSON file. It is validated again: it may have been written by hand.
 */
interface Definition {
  readonly fleet?: unknown;
  readonly services?: unknown;
}

/** Tells whether an export is a result of defineFleet or, in a JSON file, its argument. */
export function isFleetDefinition(exported: unknown, file: string): exported is Definition {
  return memberOf(exported, isJson(file) ? "services" : "fleet") !== undefined;
}

/** Keys in a JSON file that do not belong to the fleet: for editors, and for drizzle-kit, which reads the same file. */
const ignoredKeys = [
  "$schema",
  "dialect",
  "schema",
  "out",
  "dbCredentials",
  "breakpoints",
  "casing",
];

function fleetIn(exported: Definition): unknown {
  if (exported.fleet !== undefined) return exported.fleet;
  const entries = Object.entries(exported).filter(([key]) => !ignoredKeys.includes(key));
  return Object.fromEntries(entries);
}

/** Sets variables of `.env` that are not set yet. */
function loadEnvironmentFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) process.loadEnvFile(path);
}

function configLoadError(error: FleetError, shown: string): FleetError {
  const { where = shown, excerpt } = error;
  return new FleetError("config", error.message, {
    where,
    ...(excerpt === undefined ? {} : { excerpt }),
    cause: error,
  });
}
