import { realpath } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetError, isFleetError } from "../core/errors.ts";
import { Session } from "../postgres/session.ts";
import { isConnectionLoss, sqlstateOf } from "../postgres/sqlstate.ts";
import { addressOn, type Cluster, readPostmaster, startServer, stopServer } from "./cluster.ts";
import { superuser } from "./roles.ts";

// Commands share one server. Each holds the lock `usersLock` shared while it uses the server; a command that gets the
// lock exclusively is the last one, and stops the server.

const usersLock = 4_740_182;
const startTimeoutMs = 60_000;
/** How long a server may take to notice that a connection was lost and to release its locks, in milliseconds. */
const lostConnectionMs = 2_000;

/** A session of the superuser. `joinServer` takes the users' lock in it. */
export interface Connected {
  readonly session: Session;
  readonly port: number;
}

/**
 * Connects to the cluster's server, starts it if it is not running, and becomes one of its users.
 *
 * @throws FleetError `embedded` if it does not start within a minute
 */
export async function joinServer(cluster: Cluster, preferredPort: number): Promise<Connected> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const running = await connect(cluster);
    if (running !== undefined && (await lock(running.session, "shared")) === true) return running;
    await running?.session.close();
    // If it is running, another command is stopping it: wait until it has ended.
    const failure = running === undefined ? await startServer(cluster, preferredPort) : undefined;
    if (Date.now() > deadline || (failure !== undefined && !isTemporary(failure)))
      throw startError(cluster, failure ?? "another command keeps stopping it");
    await sleep(100);
  }
}

/**
 * Recognizes output of failed starts that another attempt can avoid: the port was taken meanwhile; another command
 * starts the server, or has already stopped it again; or the last processes of a killed server have not ended yet.
 */
function isTemporary(output: string): boolean {
  return /Address already in use|another server might be running|lock file .* (already exists|is empty)|could not remove old lock file|PID file .* is empty|pre-existing shared memory block|is starting up|ready to accept connections/i.test(
    output,
  );
}

function startError({ log }: Cluster, output: string): FleetError {
  const lastLines = output.trim().split("\n").slice(-8).join("\n");
  return new FleetError("embedded", `the embedded PostgreSQL did not start: ${lastLines}`, {
    remedy: `See its log: ${log}. To delete the database permanently, run: npx drizzle-fleet dev --death`,
  });
}

/** Connects to the server that runs on the cluster's data folder; undefined if none does. */
export async function connect(cluster: Cluster): Promise<Connected | undefined> {
  const { port } = await readPostmaster(cluster);
  if (!(port > 0)) return undefined;
  try {
    const session = await Session.connect(addressOn(cluster, port, "postgres", superuser), {
      waitMs: 0,
    });
    const [row] = await session.query<{ directory: string }>(
      "SELECT current_setting('data_directory') AS directory",
    );
    if (row?.directory === (await realpath(cluster.data))) return { session, port };
    await session.close();
  } catch (error) {
    // After a crash, postmaster.pid remains, and another program may use its port. A server that is being stopped drops
    // its connections.
    const expected =
      isFleetError(error) || sqlstateOf(error) !== undefined || isConnectionLoss(error);
    if (!expected) throw error;
  }
  return undefined;
}

const lockFunctions = {
  shared: "pg_try_advisory_lock_shared",
  exclusive: "pg_try_advisory_lock",
  release: "pg_advisory_unlock_shared",
} as const;

/** Takes or releases the users' lock; undefined if the connection is lost, for example because the server was stopped. */
async function lock(
  session: Session,
  mode: keyof typeof lockFunctions,
): Promise<boolean | undefined> {
  try {
    const [row] = await session.query<{ answer: boolean }>(
      `SELECT ${lockFunctions[mode]}($1) AS answer`,
      [usersLock],
    );
    return row?.answer;
  } catch (error) {
    if (isConnectionLoss(error)) return undefined;
    throw error;
  }
}

/** Stops using the server, and stops it if no other command uses it. */
export async function leaveServer(cluster: Cluster, session: Session): Promise<void> {
  if ((await lock(session, "release")) !== undefined) {
    await stopIfUnused(cluster, session);
    return;
  }
  // The connection was lost, and the shared lock with it. The server may have no other user left to stop it.
  const running = await connect(cluster);
  if (running !== undefined) await stopIfUnused(cluster, running.session, lostConnectionMs);
}

/**
 * Stops the server unless another command uses it, and closes the session.
 *
 * @param waitMs how long to wait for the other users' locks, in milliseconds
 * @returns true if it was stopped
 */
export async function stopIfUnused(
  cluster: Cluster,
  session: Session,
  waitMs = 0,
): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  // While the lock is held exclusively, no command can join.
  while ((await lock(session, "exclusive")) !== true) {
    if (Date.now() >= deadline) {
      await session.close();
      return false;
    }
    await sleep(50);
  }
  await stopServer(cluster);
  return true;
}
