import { type TlsSettings, tlsModes } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { type Environment, getSecret, getSetting } from "./secrets.ts";

/** The role to connect as: the one that changes schemas, or the one that applications use. */
export type StandardRole = "admin" | "application";

const variables = {
  admin: { user: "DB_USER_ADMIN", password: "DB_PASSWORD_ADMIN" },
  application: { user: "DB_USER_SERVER", password: "DB_PASSWORD_SERVER" },
} as const;

/** Tells whether the standard variables name a server. */
export function isServerNamed(environment: Environment): boolean {
  return getSetting("DB_HOST", environment) !== undefined;
}

/**
 * Builds a connection URL from the standard variables: DB_HOST, DB_PORT (5432 if unset), DB_NAME_SERVER, and the user
 * and password of the role.
 *
 * @param database the database's name in the configuration, for error messages
 * @param ownName its name on the server, if it is not DB_NAME_SERVER
 * @throws FleetError `config` that lists every missing or malformed variable
 */
export function standardAddress(
  database: string,
  role: StandardRole,
  ownName: string | undefined,
  environment: Environment,
): string {
  const problems: FleetError[] = [];
  const read = (variable: string) => getSetting(variable, environment);
  const needed = (variable: string) => {
    const value = read(variable);
    if (value === undefined) problems.push(missingVariableError(variable, database));
    return value ?? "";
  };
  const host = needed("DB_HOST");
  const port = read("DB_PORT") ?? "5432";
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    problems.push(
      new FleetError("config", "DB_PORT is not a port number", {
        remedy: "Set it to a number from 1 to 65535, or unset it to use 5432.",
      }),
    );
  const name = ownName ?? needed("DB_NAME_SERVER");
  const user = needed(variables[role].user);
  const password = getSecret(variables[role].password, environment);
  throwProblems(problems, "the standard variables do not describe a database");
  const who = [user, ...(password === undefined ? [] : [password])].map(encodeURIComponent);
  // An IPv6 address needs brackets. A socket folder needs its slashes encoded.
  const place = host.includes(":") ? `[${host.replace(/^\[|\]$/g, "")}]` : encodeURIComponent(host);
  return `postgresql://${who.join(":")}@${place}:${port}/${encodeURIComponent(name)}`;
}

/**
 * The TLS settings in DB_SSLMODE and DB_SSLROOTCERT, which the configuration and the URL can override.
 *
 * @throws FleetError `config` for an unknown mode
 */
export function standardTls(environment: Environment): TlsSettings {
  const mode = environment.DB_SSLMODE?.trim() || undefined;
  const ca = environment.DB_SSLROOTCERT?.trim() || undefined;
  const known = tlsModes.find((one) => one === mode);
  if (mode !== undefined && known === undefined) {
    throw new FleetError("config", `DB_SSLMODE is not one of ${tlsModes.join(", ")}`, {
      remedy: "Correct it, or unset it.",
    });
  }
  return {
    ...(known === undefined ? {} : { mode: known }),
    ...(ca === undefined ? {} : { ca }),
  };
}

function missingVariableError(variable: string, database: string): FleetError {
  return new FleetError(
    "config",
    `${variable} is not set; database "${database}" needs it because DB_HOST is set`,
    { remedy: `Set ${variable}, or set ${variable}_FILE to the path of a file that contains it.` },
  );
}
