import type { DatabaseAddress } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { EnvironmentReference, FleetConfig } from "./schema.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the databases of a run are: at their URLs, or, in development with none configured, embedded. */
export type Databases =
  | { readonly kind: "configured"; readonly addresses: readonly DatabaseAddress[] }
  | {
      readonly kind: "embedded";
      readonly names: readonly string[];
      readonly variables: readonly string[];
    };

/**
 * Decides where the named databases are.
 *
 * @param names the databases that the run needs
 * @throws FleetError `config` that names every unset variable: always in production, and elsewhere when only
 *   some of them are set (half a fleet on a laptop and half on a server is nobody's wish)
 */
export function resolveDatabases(
  fleet: FleetConfig,
  names: readonly string[],
  environment: Environment,
): Databases {
  const problems: FleetError[] = [];
  const addresses: DatabaseAddress[] = [];
  const unset: string[] = [];
  for (const name of names) {
    const { reference, key } = wayInto(fleet, name, environment);
    const variable = typeof reference === "string" ? undefined : reference.environmentVariable;
    const url = textOf(reference, environment);
    if (url.trim() === "") unset.push(variable ?? name);
    else if (isPostgresUrl(url)) addresses.push({ name, url });
    else problems.push(notAUrl(`databases.${name}.${key}`, variable));
  }
  const production = environment.NODE_ENV === "production";
  if (problems.length === 0 && addresses.length === 0 && !production) {
    return { kind: "embedded", names, variables: unset };
  }
  for (const variable of unset) problems.push(notSet(variable, production));
  throwProblems(problems, "the databases are not configured");
  return { kind: "configured", addresses };
}

/** Schemas are changed on the direct way, if there is one: a pooler would be in the way. */
function wayInto(
  fleet: FleetConfig,
  name: string,
  environment: Environment,
): { readonly reference: EnvironmentReference | string; readonly key: "url" | "directUrl" } {
  const { url = "", directUrl } = fleet.databases[name] ?? {};
  const direct = directUrl !== undefined && textOf(directUrl, environment).trim() !== "";
  return direct ? { reference: directUrl, key: "directUrl" } : { reference: url, key: "url" };
}

function textOf(reference: EnvironmentReference | string, environment: Environment): string {
  return typeof reference === "string"
    ? reference
    : (environment[reference.environmentVariable] ?? "");
}

function notSet(variable: string, production: boolean): FleetError {
  const reason = production
    ? " (NODE_ENV is production: no embedded database here)"
    : ", though another one is";
  return new FleetError("config", `the environment variable ${variable} is not set${reason}`, {
    remedy: `Set ${variable} to a URL such as postgresql://user:password@host:5432/name.`,
  });
}

// The value itself stays out of the message: it may hold a password.
function notAUrl(path: string, variable: string | undefined): FleetError {
  const where = variable ?? path;
  return new FleetError("config", `${where} is not a PostgreSQL URL`, {
    remedy:
      "Write it as postgresql://user:password@host:5432/name, with special characters percent-encoded.",
  });
}

function isPostgresUrl(text: string): boolean {
  return URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol);
}
