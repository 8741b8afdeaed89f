import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError, messageOf } from "../core/errors.ts";
import { serverRemedy } from "./server-trouble.ts";
import { sqlstate, sqlstateOf } from "./sqlstate.ts";
import { tlsRemedyFor } from "./tls-failure.ts";

/** An error for a server that did not answer in time. */
export function unreachableError(
  address: DatabaseAddress,
  waitMs: number,
  cause: unknown,
): FleetError {
  return new FleetError(
    "unreachable",
    `database "${address.name}" at ${locationOf(address)} did not accept a connection within ${waitMs / 1000} s: ${messageOf(cause)}`,
    { remedy: "Is the server running, and are host and port right? Nothing was changed.", cause },
  );
}

/** An error for a host whose name nothing knows. */
export function unknownHostError(address: DatabaseAddress, cause: unknown): FleetError {
  return new FleetError(
    "unreachable",
    `the host of database "${address.name}" at ${locationOf(address)} is unknown: ${messageOf(cause)}`,
    {
      remedy:
        "Correct the host in the connection URL, or wait until its name resolves. Nothing was changed.",
      cause,
    },
  );
}

/** An error for a server that answered, and said no. */
export function connectionRefusedError(address: DatabaseAddress, cause: unknown): FleetError {
  const state = sqlstateOf(cause);
  const suffix = state === undefined ? "" : ` (SQLSTATE ${state})`;
  return new FleetError(
    "config",
    `database "${address.name}" at ${locationOf(address)} refused the connection: ${messageOf(cause)}${suffix}`,
    { remedy: tlsRemedyFor(cause) ?? remedyFor(state, messageOf(cause)), cause },
  );
}

/** A message is read as a whole before a setting in it counts: such a server would read other SQL than the parser did. */
export function nonStandardStringsError(address: DatabaseAddress): FleetError {
  return new FleetError(
    "config",
    `database "${address.name}" at ${locationOf(address)} has standard_conforming_strings off for this role, so that backslashes mean something else`,
    {
      remedy:
        "Switch it on: ALTER ROLE ... SET standard_conforming_strings = on. Nothing was changed.",
    },
  );
}

/** Only a superuser may set it, so that a session cannot set it back. */
export function triggersDisabledError(address: DatabaseAddress, value: string): FleetError {
  return new FleetError(
    "config",
    `database "${address.name}" at ${locationOf(address)} has session_replication_role = ${value} for this role, so that triggers and foreign keys are not checked`,
    {
      remedy:
        "Reset it, as a superuser: ALTER ROLE ... RESET session_replication_role. Nothing was changed.",
    },
  );
}

function remedyFor(state: string | undefined, message: string): string {
  if (/password must be a string/.test(message))
    return "The connection URL has no password, and the server asks for one.";
  if (state === sqlstate.invalidCatalogName)
    return "Create the database, or correct its name in the connection URL.";
  if (state === sqlstate.invalidPassword || state === sqlstate.invalidAuthorization)
    return "Correct the user or the password in the connection URL.";
  return serverRemedy(state) ?? "Correct the connection URL.";
}
