import { type TlsSettings, tlsModes } from "../core/database.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { type Environment, getSecret, getSetting } from "./secrets.ts";

/** Who connects: the role that changes schemas, or the one that applications work as. */
export type StandardRole = "admin" | "application";

const variables = {
  admin: { user: "DB_USER_ADMIN", password: "DB_PASSWORD_ADMIN" },
  application: { user: "DB_USER_SERVER", password: "DB_PASSWORD_SERVER" },
} as const;

/** True when the standard variables name a server. */
export function isServerNamed(environment: Environment): boolean {
  return getSetting("DB_HOST", environment) !== undefined;
}

/**
 * The connection URL that the standard variables describe: DB_HOST, DB_PORT (5432 when unset), DB_NAME_SERVER, and
 * user and password of the role.
 *
 * @param database the configuration's name of the database, for errors
 * @param ownName its name on the server, where that is not DB_NAME_SERVER's
 * @throws FleetError `config` that names what is missing or malformed, all of it
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
      new FleetError("config", "DB_PORT is not a port", {
        remedy: "Set it to a number from 1 to 65535, or leave it unset for 5432.",
      }),
    );
  const name = ownName ?? needed("DB_NAME_SERVER");
  const user = needed(variables[role].user);
  const password = getSecret(variables[role].password, environment);
  throwProblems(problems, "the standard variables do not describe a database");
  const who = [user, ...(password === undefined ? [] : [password])].map(encodeURIComponent);
  // An IPv6 address stands in brackets, a folder of sockets has its slashes encoded.
  const place = host.includes(":") ? `[${host.replace(/^\[|\]$/g, "")}]` : encodeURIComponent(host);
  return `postgresql://${who.join(":")}@${place}:${port}/${encodeURIComponent(name)}`;
}

/**
 * How connections are secured unless the URL or the configuration says otherwise: DB_SSLMODE, DB_SSLROOTCERT.
 *
 * @throws FleetError `config` for a mode that does not exist
 */
export function standardTls(environment: Environment): TlsSettings {
  const mode = environment.DB_SSLMODE?.trim() || undefined;
  const ca = environment.DB_SSLROOTCERT?.trim() || undefined;
  const known = tlsModes.find((one) => one === mode);
  if (mode !== undefined && known === undefined) {
    throw new FleetError("config", `DB_SSLMODE is none of ${tlsModes.join(", ")}`, {
      remedy: "Correct it, or leave it unset.",
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
    `DB_HOST is set and ${variable} is not, which database "${database}" needs`,
    { remedy: `Set ${variable}, or ${variable}_FILE to a file that holds it.` },
  );
}
