import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import { withWaitNotices } from "../core/waiting.ts";
import { answerTimeout } from "../postgres/answer.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { type ConnectOptions, type Session, withSession } from "../postgres/session.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import type { Context } from "./context.ts";

/** Maximum number of attempts if the connection breaks. Repeating a read is safe. */
const readAttempts = 3;

/** Gives `read` a session in one of the databases. */
export type ReadIn = <Result>(
  database: string,
  read: (session: Session) => Promise<Result>,
) => Promise<Result>;

/**
 * Reads from a database on a session of its own.
 *
 * @throws FleetError `unreachable`, with the database's name, if it cannot be read
 */
export function readDatabase<Result>(
  context: Context,
  address: DatabaseAddress,
  read: (session: Session) => Promise<Result>,
): Promise<Result> {
  return readWithRetries(context, address, (connect) => withSession(address, connect, read));
}

/**
 * Like `readDatabase`, for callers that connect themselves.
 *
 * @param attempt connects and reads; called again if the connection breaks
 */
export async function readWithRetries<Result>(
  context: Context,
  address: DatabaseAddress,
  attempt: (connect: ConnectOptions) => Promise<Result>,
): Promise<Result> {
  const { signal } = context;
  const waitMs = context.config.fleet.connectTimeout;
  const place = `database "${address.name}" at ${locationOf(address)}`;
  let doing = { text: `waiting for ${place}`, connecting: true };
  const connect: ConnectOptions = {
    waitMs,
    signal,
    answerWithinMs: answerTimeout(waitMs),
    refuseUnknownHost: context.waitsForHosts !== true,
    onWait: (reason) => {
      doing = { text: `waiting for ${place} (${reason})`, connecting: true };
    },
    onConnect: () => {
      doing = { text: `reading ${place}`, connecting: false };
    },
  };
  for (let count = 1; ; count += 1) {
    try {
      return await withWaitNotices(context.notify, () => doing, attempt(connect));
    } catch (error) {
      if (isFleetError(error) || signal?.aborted === true) throw error;
      if (!isConnectionLoss(error) || count === readAttempts) throw unreadableError(address, error);
    }
  }
}

/**
 * Turns an error into the reason why a database cannot be used.
 *
 * @throws errors with other causes, such as an interruption
 */
export function unusableError(error: unknown): FleetError {
  if (isFleetError(error) && (error.code === "unreachable" || error.code === "config"))
    return error;
  throw error;
}

function unreadableError(address: DatabaseAddress, cause: unknown): FleetError {
  const state = sqlstateOf(cause);
  const suffix = state === undefined ? "" : ` (SQLSTATE ${state})`;
  return new FleetError(
    "unreachable",
    `database "${address.name}" at ${locationOf(address)} cannot be read: ${messageOf(cause)}${suffix}`,
    {
      remedy:
        state === sqlstate.insufficientPrivilege
          ? "Nothing was changed. Grant the role the missing privilege. Then run the same command again."
          : `Nothing was changed. ${serverRemedy(state) ?? "Fix the problem above, then run the same command again."}`,
      cause,
    },
  );
}
