import type { DatabaseAddress } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { passwordProvider } from "./password.ts";
import type { EnvironmentReference, FleetConfig } from "./schema.ts";
import { addSecret, type Environment, getSecret, getSetting } from "./secrets.ts";
import { isServerNamed, type StandardRole, standardAddress, standardTls } from "./standard.ts";

export type { Environment } from "./secrets.ts";

/** The databases of a run: configured by URLs or, in development without any configuration, embedded. */
export type Databases =
  | { readonly kind: "configured"; readonly addresses: readonly DatabaseAddress[] }
  | {
      readonly kind: "embedded";
      readonly names: readonly string[];
      readonly variables: readonly string[];
    };

/**
 * Finds the named databases: each at its own URL, else on the server of the standard variables (DB_HOST and so on).
 * If neither is set for any of them, they are embedded.
 *
 * @param names the databases that the run needs
 * @param role `admin` changes schemas, `application` only works with their data
 * @throws FleetError `config` that names every unset variable: in production if any is unset, elsewhere if only some
 *   are
 */
export function resolveDatabases(
  fleet: FleetConfig,
  names: readonly string[],
  environment: Environment,
  role: StandardRole = "admin",
): Databases {
  const problems: FleetError[] = [];
  const addresses: DatabaseAddress[] = [];
  const unset: string[] = [];
  for (const name of names) {
    try {
      const address = addressOf(fleet, name, environment, role);
      if (address === undefined) unset.push(variableOf(fleet, name));
      else addresses.push(withRenewal(address, fleet, environment, role));
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      problems.push(...(error.problems.length > 0 ? error.problems : [error]));
    }
  }
  const production = environment.NODE_ENV === "production";
  if (problems.length === 0 && unset.length === names.length && unset.length > 0 && !production) {
    return { kind: "embedded", names, variables: [...new Set(unset)] };
  }
  for (const variable of unset) problems.push(unsetVariableError(variable, production));
  throwProblems(problems, "the databases are not configured");
  return { kind: "configured", addresses };
}

/**
 * The role that applications connect as.
 *
 * @returns undefined if none is configured, or it is the role that changes schemas
 * @throws FleetError `config` as `resolveDatabases` does
 */
export function applicationRole(
  fleet: FleetConfig,
  name: string,
  environment: Environment,
): string | undefined {
  const user = (role: StandardRole) => {
    const address = addressOf(fleet, name, environment, role);
    return address === undefined ? undefined : decoded(new URL(address.url).username);
  };
  const application = hasApplication(fleet, name, environment) ? user("application") : undefined;
  return application === undefined || application === "" || application === user("admin")
    ? undefined
    : application;
}

/** Adds what later connections need: a password that may change, and a way to read the files again. */
function withRenewal(
  address: DatabaseAddress,
  fleet: FleetConfig,
  environment: Environment,
  role: StandardRole,
): DatabaseAddress {
  const { name } = address;
  const timeoutMs = Math.max(fleet.connectTimeout, 1_000);
  const config = fleet.databases[name] ?? {};
  const password = passwordProvider(name, config, environment, timeoutMs);
  const renew = (): DatabaseAddress => ({
    ...(addressOf(fleet, name, environment, role) ?? address),
    password,
  });
  return { ...address, password, renew };
}

function addressOf(
  fleet: FleetConfig,
  name: string,
  environment: Environment,
  role: StandardRole,
): DatabaseAddress | undefined {
  const database = fleet.databases[name] ?? {};
  const tls = { ...standardTls(environment), ...database.tls };
  const { url, key, variable } = connectionSetting(fleet, name, environment, role);
  if (url === undefined) {
    if (!isServerNamed(environment)) return undefined;
    return { name, url: standardAddress(name, role, database.name, environment), tls };
  }
  refuseInvalidUrl(url, variable ?? `databases.${name}.${key}`);
  if (role === "admin" || key === "applicationUrl") return { name, url, tls };
  return { name, url: withApplicationRole(url, environment), tls };
}

interface ConnectionSetting {
  readonly url: string | undefined;
  readonly key: "url" | "directUrl" | "applicationUrl";
  readonly variable: string | undefined;
}

/**
 * The admin role uses `directUrl`, if it is set, to bypass a connection pooler. Applications use `applicationUrl`, if
 * it is set. Otherwise both use `url`.
 */
function connectionSetting(
  fleet: FleetConfig,
  name: string,
  environment: Environment,
  role: StandardRole,
): ConnectionSetting {
  const database = fleet.databases[name] ?? {};
  const first = role === "admin" ? "directUrl" : "applicationUrl";
  for (const key of [first, "url"] as const) {
    const reference = database[key];
    const url = textOf(reference, environment);
    const variable = typeof reference === "object" ? reference.environmentVariable : undefined;
    if (url !== undefined) return { url, key, variable };
  }
  return { url: undefined, key: "url", variable: undefined };
}

function textOf(
  reference: EnvironmentReference | string | undefined,
  environment: Environment,
): string | undefined {
  if (reference === undefined || typeof reference === "string") return reference;
  return getSecret(reference.environmentVariable, environment);
}

/**
 * The URL of the database for proofs.
 *
 * @returns undefined for the embedded server
 */
export function proofUrl(fleet: FleetConfig, environment: Environment): string | undefined {
  return textOf(fleet.proofDatabase, environment);
}

function hasApplication(fleet: FleetConfig, name: string, environment: Environment): boolean {
  const { key } = connectionSetting(fleet, name, environment, "application");
  return key === "applicationUrl" || getSetting("DB_USER_SERVER", environment) !== undefined;
}

/** The names of the settings that locate a fleet's databases: variables, and configuration keys of literal URLs. */
export function databaseSettings(fleet: FleetConfig, environment: Environment): string[] {
  const ways = Object.keys(fleet.databases).flatMap((name) => {
    const { url, key, variable } = connectionSetting(fleet, name, environment, "admin");
    return url === undefined ? [] : (variable ?? `databases.${name}.${key}`);
  });
  return [...new Set([...ways, ...(isServerNamed(environment) ? ["DB_HOST"] : [])])];
}

/** The URL of the same server and database, for the role in DB_USER_SERVER. */
function withApplicationRole(url: string, environment: Environment): string {
  const user = getSetting("DB_USER_SERVER", environment);
  if (user === undefined) {
    throw new FleetError("config", "no application role is configured", {
      remedy:
        "Set DB_USER_SERVER and DB_PASSWORD_SERVER, or the database's applicationUrl in the configuration.",
    });
  }
  const application = new URL(url);
  application.username = encodeURIComponent(user);
  application.password = encodeURIComponent(getSecret("DB_PASSWORD_SERVER", environment) ?? "");
  return application.href;
}

/** The variable that a database's URL is expected in. */
function variableOf(fleet: FleetConfig, name: string): string {
  const url = fleet.databases[name]?.url;
  return typeof url === "object" ? url.environmentVariable : "DB_HOST";
}

function unsetVariableError(variable: string, production: boolean): FleetError {
  const reason = production
    ? " (with NODE_ENV=production no embedded database is used)"
    : ", although another database is configured";
  const remedy =
    variable === "DB_HOST"
      ? "Set DB_HOST, DB_NAME_SERVER, DB_USER_ADMIN and DB_PASSWORD_ADMIN."
      : `Set ${variable} to a URL such as postgresql://user:password@host:5432/name, or set DB_HOST and the other standard variables.`;
  return new FleetError("config", `the environment variable ${variable} is not set${reason}`, {
    remedy,
  });
}

/**
 * Refuses a text that is not a PostgreSQL URL, and adds the URL's password to the known secrets.
 *
 * @param where the setting that contains the URL. The value is not in the message, because it can contain a password.
 * @throws FleetError `config`
 */
export function refuseInvalidUrl(url: string, where: string): void {
  if (!isPostgresUrl(url))
    throw new FleetError("config", `${where} is not a PostgreSQL URL`, {
      remedy:
        "Write it as postgresql://user:password@host:5432/name, with special characters percent-encoded.",
    });
  const { password, searchParams } = new URL(url);
  addSecret(password);
  addSecret(decoded(password));
  addSecret(searchParams.get("password") ?? "");
}

/**
 * If the password contains a slash or a #, the URL is split in the wrong places: the @ ends up in the path, or a hash
 * appears.
 */
function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, hash } = new URL(text);
  return /^postgres(ql)?:$/.test(protocol) && !pathname.includes("@") && hash === "";
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
