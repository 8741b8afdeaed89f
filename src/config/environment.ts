import type { DatabaseAddress } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { passwordProvider } from "./password.ts";
import type { EnvironmentReference, FleetConfig } from "./schema.ts";
import { addSecret, type Environment, getSecret, getSetting } from "./secrets.ts";
import { isServerNamed, type StandardRole, standardAddress, standardTls } from "./standard.ts";

export type { Environment } from "./secrets.ts";

/** Where the databases of a run are: at their URLs, or, in development with none configured, embedded. */
export type Databases =
  | { readonly kind: "configured"; readonly addresses: readonly DatabaseAddress[] }
  | {
      readonly kind: "embedded";
      readonly names: readonly string[];
      readonly variables: readonly string[];
    };

/**
 * Decides where the named databases are: each at its own URL, else at the server that the standard variables
 * (DB_HOST and so on) name, else, when that is so for all of them, embedded.
 *
 * @param names the databases that the run needs
 * @param role `admin` changes schemas, `application` works with what is in them
 * @throws FleetError `config` that names every unset variable: always in production, and elsewhere when only
 *   some of them are set (half a fleet on a laptop and half on a server is nobody's wish)
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
 * The role that applications connect as, if one is configured and it is not the one that changes schemas.
 *
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

/** The address with what its later connections need: a password that may change, and files to be read again. */
function withRenewal(
  address: DatabaseAddress,
  fleet: FleetConfig,
  environment: Environment,
  role: StandardRole,
): DatabaseAddress {
  const { name } = address;
  const patienceMs = Math.max(fleet.connectTimeout, 1_000);
  const config = fleet.databases[name] ?? {};
  const password = passwordProvider(name, config, environment, patienceMs);
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
 * Schemas are changed on the direct way, if there is one: a pooler would be in the way. Applications have a URL
 * of their own, or come in as everybody does.
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

/** The URL of the database for proofs; undefined for the embedded server. */
export function proofUrl(fleet: FleetConfig, environment: Environment): string | undefined {
  return textOf(fleet.proofDatabase, environment);
}

function hasApplication(fleet: FleetConfig, name: string, environment: Environment): boolean {
  const { key } = connectionSetting(fleet, name, environment, "application");
  return key === "applicationUrl" || getSetting("DB_USER_SERVER", environment) !== undefined;
}

/** What configures a fleet's databases: variables, and keys of the configuration for URLs that stand in it. */
export function databaseSettings(fleet: FleetConfig, environment: Environment): string[] {
  const ways = Object.keys(fleet.databases).flatMap((name) => {
    const { url, key, variable } = connectionSetting(fleet, name, environment, "admin");
    return url === undefined ? [] : (variable ?? `databases.${name}.${key}`);
  });
  return [...new Set([...ways, ...(isServerNamed(environment) ? ["DB_HOST"] : [])])];
}

/** The same server and database, as the role that DB_USER_SERVER names. */
function withApplicationRole(url: string, environment: Environment): string {
  const user = getSetting("DB_USER_SERVER", environment);
  if (user === undefined) {
    throw new FleetError("config", "no role is configured for the application to connect as", {
      remedy:
        "Set DB_USER_SERVER and DB_PASSWORD_SERVER, or applicationUrl of the database in the configuration.",
    });
  }
  const application = new URL(url);
  application.username = encodeURIComponent(user);
  application.password = encodeURIComponent(getSecret("DB_PASSWORD_SERVER", environment) ?? "");
  return application.href;
}

/** The variable that a database's address is expected in. */
function variableOf(fleet: FleetConfig, name: string): string {
  const url = fleet.databases[name]?.url;
  return typeof url === "object" ? url.environmentVariable : "DB_HOST";
}

function unsetVariableError(variable: string, production: boolean): FleetError {
  const reason = production
    ? " (NODE_ENV is production: no embedded database here)"
    : ", though another one is";
  const remedy =
    variable === "DB_HOST"
      ? "Set DB_HOST, DB_NAME_SERVER, DB_USER_ADMIN and DB_PASSWORD_ADMIN."
      : `Set ${variable} to a URL such as postgresql://user:password@host:5432/name, or DB_HOST and the other standard variables.`;
  return new FleetError("config", `the environment variable ${variable} is not set${reason}`, {
    remedy,
  });
}

/**
 * Refuses what is no PostgreSQL URL, and marks the password of one as secret.
 *
 * @param where what holds it. The value itself stays out of the message: it may hold a password.
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

/** With a slash or a # in the password, its beginning is read as a port, and the rest as the database's name. */
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
