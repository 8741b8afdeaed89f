import type { DatabaseAddress } from "../core/database.ts";
import { FleetError } from "../core/errors.ts";
import type { Session } from "../postgres/session.ts";
import {
  addressOn,
  type Cluster,
  deleteCluster,
  hasCluster,
  isRunning,
  openCluster,
} from "./cluster.ts";
import { applicationUser, ensureDatabase, ensureRoles, migratorUser, superuser } from "./roles.ts";
import { connect, joinServer, leaveServer, stopIfUnused } from "./sharing.ts";
import { transferOwnership } from "./transfer-ownership.ts";

export interface EmbeddedOptions {
  /** The project's folder. */
  readonly root: string;
  /** Absolute path of the folder for the data. */
  readonly folder: string;
  /** The preferred port. */
  readonly port: number;
  /** True if the migrating role creates tenant roles, and so needs CREATEROLE. */
  readonly createsRoles?: boolean;
}

/** A running PostgreSQL for development, shared by all commands that need it at the same time. */
export interface EmbeddedServer {
  readonly port: number;
  /** A file in libpq's format that contains the passwords: `PGPASSFILE=... psql ...`. */
  readonly passwordFile: string;
  /** A database's address for the migrating role: it owns the database and, as in production, is not a superuser. */
  addressOf(database: string): DatabaseAddress;
  /** A database's address for the superuser: for what an administrator does in production. */
  superuserAddressOf(database: string): DatabaseAddress;
  /** A database's address for the application role, which owns nothing. */
  applicationAddressOf(database: string): DatabaseAddress;
  /** Stops using the server. The last command that does stops the server. */
  release(): Promise<void>;
}

const creationLock = 4_740_183;

/**
 * Starts the embedded server, or uses the running one, and creates the named databases if they do not exist.
 *
 * @throws FleetError `embedded` if it is not installed, its password is lost, or it does not start; the message contains
 *   the server's message
 */
export async function acquireEmbedded(
  options: EmbeddedOptions,
  databases: readonly string[],
): Promise<EmbeddedServer> {
  const cluster = await openCluster(options.root, options.folder);
  if (cluster.secret === "") throw lostPasswordError(cluster);
  const { session, port } = await joinServer(cluster, options.port);
  const addressOf = (user: string) => (database: string) =>
    addressOn(cluster, port, database, user);
  const superuserAddressOf = addressOf(superuser);
  try {
    await session.query("SELECT pg_advisory_lock($1)", [creationLock]);
    await ensureRoles(session, cluster.secret, options.createsRoles ?? false);
    await prepareDatabases(session, databases.map(superuserAddressOf));
    await session.query("SELECT pg_advisory_unlock($1)", [creationLock]);
  } catch (error) {
    await leaveServer(cluster, session);
    throw error;
  }
  return {
    port,
    passwordFile: cluster.passwordFile,
    addressOf: addressOf(migratorUser),
    superuserAddressOf,
    applicationAddressOf: addressOf(applicationUser),
    release: () => leaveServer(cluster, session),
  };
}

/** One command at a time calls it: concurrent CREATE DATABASE statements fail because both use the template database. */
async function prepareDatabases(
  session: Session,
  databases: readonly DatabaseAddress[],
): Promise<void> {
  for (const database of databases)
    if ((await ensureDatabase(session, database.name)) === "superuser's")
      await transferOwnership(session, database);
}

/**
 * Stops the embedded server and deletes its data permanently.
 *
 * @returns false if there was nothing to delete
 * @throws FleetError `refused` if another command is using the server
 */
export async function deleteEmbedded({ root, folder }: EmbeddedOptions): Promise<boolean> {
  if (!hasCluster(folder)) return false;
  await stopForGood(await openCluster(root, folder));
  await deleteCluster(folder);
  return true;
}

async function stopForGood(cluster: Cluster): Promise<void> {
  const running = await connect(cluster).catch(() => undefined);
  if (running !== undefined && (await stopIfUnused(cluster, running.session))) return;
  if (!(await isRunning(cluster))) return;
  throw new FleetError("refused", "the embedded database is in use by another command", {
    remedy:
      "Nothing was deleted. Stop the other command, for example dev in another terminal, then run the same command again.",
  });
}

function lostPasswordError({ passwordFile }: Cluster): FleetError {
  return new FleetError(
    "embedded",
    `the embedded database's password is lost: ${passwordFile} is missing or empty`,
    {
      remedy:
        "Restore the file. To delete the database permanently instead, run: npx drizzle-fleet dev --death",
    },
  );
}
