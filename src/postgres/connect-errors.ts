import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError, messageOf } from "../core/errors.ts";
import { serverRemedy } from "./server-trouble.ts";
import { sqlstate, sqlstateOf } from "./sqlstate.ts";
import { tlsRemedyFor } from "./tls-failure.ts";

/** The error for a server that did not answer in time. */
export function unreachableError(
  address: DatabaseAddress,
  waitMs: number,
  cause: unknown,
): FleetError {
  return new FleetError(
    "unreachable",
    `database "${address.name}" at ${locationOf(address)} did not accept a connection within ${waitMs / 1000} s: ${messageOf(cause)}`,
    {
      remedy:
        "Nothing was changed. Check that the server is running, and that the host and port in the URL are correct.",
      cause,
    },
  );
}

/** The error for a host name that cannot be resolved. */
export function unknownHostError(address: DatabaseAddress, cause: unknown): FleetError {
  return new FleetError(
    "unreachable",
    `the host of database "${address.name}" at ${locationOf(address)} is unknown: ${messageOf(cause)}`,
    {
      remedy:
        "Nothing was changed. Correct the host in the connection URL, or wait until its name resolves.",
      cause,
    },
  );
}

/** The error for a server that rejected the connection. */
export function connectionRefusedError(address: DatabaseAddress, cause: unknown): FleetError {
  const state = sqlstateOf(cause);
  const suffix = state === undefined ? "" : ` (SQLSTATE ${state})`;
  return new FleetError(
    "config",
    `database "${address.name}" at ${locationOf(address)} refused the connection: ${messageOf(cause)}${suffix}`,
    { remedy: tlsRemedyFor(cause) ?? remedyFor(state, messageOf(cause)), cause },
  );
}

/**
 * The error for a server that would read SQL differently than the parser: it parses a complete message before a SET
 * in that message takes effect.
 */
export function nonStandardStringsError(address: DatabaseAddress): FleetError {
  return new FleetError(
    "config",
    `database "${address.name}" at ${locationOf(address)} has standard_conforming_strings = off for this role, which changes the meaning of backslashes`,
    {
      remedy:
        "Nothing was changed. To enable it, run: ALTER ROLE <role> SET standard_conforming_strings = on",
    },
  );
}

/** The error for a role for which triggers are disabled. Only a superuser can change the setting, not the session. */
export function triggersDisabledError(address: DatabaseAddress, value: string): FleetError {
  return new FleetError(
    "config",
    `database "${address.name}" at ${locationOf(address)} has session_replication_role = ${value} for this role, which disables triggers and foreign keys`,
    {
      remedy:
        "Nothing was changed. To reset it, run as a superuser: ALTER ROLE <role> RESET session_replication_role",
    },
  );
}

function remedyFor(state: string | undefined, message: string): string {
  if (/password must be a string/.test(message))
    return "The server requires a password. Add it to the connection URL.";
  if (state === sqlstate.invalidCatalogName)
    return "Create the database, or correct its name in the connection URL.";
  if (state === sqlstate.invalidPassword || state === sqlstate.invalidAuthorization)
    return "Correct the user or the password in the connection URL.";
  return serverRemedy(state) ?? "Correct the connection URL.";
}
