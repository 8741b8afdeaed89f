import { statSync } from "node:fs";
import { dirname, extname, relative, resolve } from "node:path";
import { systemAuthorities } from "../core/database.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import { findConfigFile } from "./find.ts";
import { type FleetConfig, parseFleet } from "./schema.ts";
import { importTypeScript } from "./typescript.ts";

export interface LoadedConfig {
  readonly fleet: FleetConfig;
  /** The folder of the configuration file: relative paths in it start here. */
  readonly root: string;
  readonly file: string;
}

/**
 * Reads the configuration of a fleet.
 *
 * @param path the file, or undefined to look for it from the current folder upwards, see `configFile`
 * @param seen told each file that the configuration is made of, see `importTypeScript`
 * @throws FleetError `config` when it is missing, does not load, or is not made by defineFleet
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
    return 'Write an object with "databases", "services" and "tenants", as for defineFleet.';
  const example = "export default defineFleet({ ... });";
  return `Write: import { defineFleet } from "drizzle-fleet/config"; ${example} For a project that uses drizzle-kit alone: drizzle-fleet init`;
}

function isJson(file: string): boolean {
  return extname(file) === ".json";
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
 * @param path the file, or undefined to look for it, see `configFile`
 * @param seen told each file that the configuration is made of, see `importTypeScript`
 * @throws FleetError `config` when it is missing or does not load
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

/** A module's default export. What a CommonJS module exports is one itself, and may have one. */
export function defaultOf(module: unknown): unknown {
  const own = memberOf(module, "default");
  return memberOf(own, "default") ?? own;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** What defineFleet makes, or JSON says. It is parsed once more: it may have been put together by hand. */
interface Definition {
  readonly fleet?: unknown;
  readonly services?: unknown;
}

/** True for what defineFleet makes, and in a file of JSON for its argument. */
export function isFleetDefinition(exported: unknown, file: string): exported is Definition {
  return memberOf(exported, isJson(file) ? "services" : "fleet") !== undefined;
}

/** What JSON may say beside the fleet: for editors, and for drizzle-kit, which reads the same file. */
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

/** `.env` beside the configuration fills in variables that are not set. */
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
