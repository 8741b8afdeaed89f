import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DatabaseAddress } from "../core/database.ts";
import { FleetError, isFleetError } from "../core/errors.ts";
import { Session } from "../postgres/session.ts";
import { isConnectionLoss, sqlstateOf } from "../postgres/sqlstate.ts";
import { findBinaries } from "./binaries.ts";
import { moveOver } from "./move-over.ts";
import {
  applicationUser,
  ensureDatabase,
  ensureRoles,
  migratorUser,
  passwordOf,
  superuser,
} from "./roles.ts";
import { createRunner, type Runner } from "./run-as.ts";

export interface EmbeddedOptions {
  /** The project's folder. */
  readonly root: string;
  /** Absolute path of the folder that keeps the data. */
  readonly folder: string;
  /** The port to prefer. */
  readonly port: number;
  /** True when the role that migrates makes roles of tenants, and so needs the right to. */
  readonly createsRoles?: boolean;
}

/** A running PostgreSQL for development, shared by every command that needs it at the moment. */
export interface EmbeddedServer {
  readonly port: number;
  /** A file in libpq's format that holds the passwords: `PGPASSFILE=... psql ...`. */
  readonly passwordFile: string;
  /** A database, as the ordinary role that owns it and migrates: no superuser, as in production. */
  addressOf(database: string): DatabaseAddress;
  /** The same database, as the server's superuser: for what production leaves to an administrator. */
  superuserAddressOf(database: string): DatabaseAddress;
  /** The same database, as an ordinary role that owns nothing: what applications should be able to live with. */
  applicationAddressOf(database: string): DatabaseAddress;
  /** Lets go of the server. Whoever lets go last stops it. */
  release(): Promise<void>;
}

interface Place {
  readonly data: string;
  readonly log: string;
  readonly passwordFile: string;
  readonly password: string;
  readonly control: string;
  readonly runner: Runner;
}

/** Key of the advisory lock that counts the server's users: each holds it shared. */
const usersLock = 4_740_182;
const creationLock = 4_740_183;
const startTimeoutMs = 60_000;
/** The last checkpoint of a server with many tables, on a slow disk, takes its time. */
const stopTimeoutMs = 600_000;

/**
 * Makes sure the embedded server runs with the named databases, and takes part in its use.
 *
 * @throws FleetError `embedded` when it cannot be installed or started; the server's own words are in the message
 */
export async function acquireEmbedded(
  options: EmbeddedOptions,
  databases: readonly string[],
): Promise<EmbeddedServer> {
  const place = await preparePlace(options);
  if (place.password === "") throw lostPassword(place);
  const { session, port } = await joinServer(place, options.port);
  await prepareServer(session, place, port, options, databases).catch(async (error: unknown) => {
    await leaveServer(place, session);
    throw error;
  });
  return {
    port,
    passwordFile: place.passwordFile,
    addressOf: (database) => addressOf(place, port, database, migratorUser),
    superuserAddressOf: (database) => addressOf(place, port, database, superuser),
    applicationAddressOf: (database) => addressOf(place, port, database, applicationUser),
    release: () => leaveServer(place, session),
  };
}

/**
 * Stops the embedded server and deletes its data.
 *
 * @returns false when there was nothing to delete
 * @throws FleetError `refused` while another command uses it
 */
export async function eraseEmbedded(options: EmbeddedOptions): Promise<boolean> {
  const folder = join(options.folder, "postgres");
  // Only what initdb made here is ours to delete.
  if (!existsSync(join(folder, "data", "PG_VERSION"))) return false;
  await stopForGood(options);
  const ours = (await readdir(folder)).filter((name) => /^(data|log|(new|secret)-.*)$/.test(name));
  for (const name of ours) await rm(join(folder, name), { recursive: true });
  await rm(join(options.folder, "pgpass"), { force: true });
  const list = join(options.folder, ".gitignore");
  if ((await readFile(list, "utf8").catch(() => "")) === ignored) await rm(list);
  for (const path of [folder, options.folder])
    if ((await readdir(path)).length === 0) await rmdir(path);
  return true;
}

/** Stops the server if it runs. Data under a running server is never touched. */
async function stopForGood(options: EmbeddedOptions): Promise<void> {
  const place = await preparePlace(options);
  const running = await attach(place).catch(() => undefined);
  if (running !== undefined && (await stopIfLast(place, running.session))) return;
  if (!(await isRunning(place))) return;
  throw new FleetError("refused", "the embedded database is in use by another command", {
    remedy: "Stop it first (dev in another terminal?), then try again. Nothing was erased.",
  });
}

/** What pg_ctl says; it knows servers that are starting, or that do not let us in. */
async function isRunning(place: Place): Promise<boolean> {
  return (await place.runner.run(place.control, ["status"], environmentOf(place))).code === 0;
}

async function preparePlace(options: EmbeddedOptions): Promise<Place> {
  const { initdb, control } = await findBinaries(options.root);
  await mkdir(join(options.folder, "postgres"), { recursive: true }).catch(
    (cause: NodeJS.ErrnoException) => {
      throw new FleetError(
        "embedded",
        `the folder of the embedded database cannot be made: ${cause.message}`,
        {
          remedy:
            "Make its parent writable, set embedded.folder, or set the databases' connection URLs.",
          cause,
        },
      );
    },
  );
  await keepFromGit(options.folder);
  const folder = await realpath(join(options.folder, "postgres"));
  const runner = await createRunner(control, folder);
  const passwordFile = join(options.folder, "pgpass");
  const data = join(folder, "data");
  if (!existsSync(data)) await initialise(initdb, folder, data, passwordFile, runner);
  const password = await readPassword(passwordFile);
  if (password !== "") await completePasswordFile(passwordFile, password);
  return { data, log: join(folder, "log"), passwordFile, password, control, runner };
}

const ignored =
  "# Written by drizzle-fleet: a database with its passwords.\n/postgres/\n/pgpass*\n/.gitignore\n";

/** The data and the passwords are no part of a project; a list of its own stays as it is. */
async function keepFromGit(folder: string): Promise<void> {
  await writeFile(join(folder, ".gitignore"), ignored, { flag: "wx" }).catch(ignoreExisting);
}

/** Makes the cluster under another name first: a process that dies meanwhile leaves no half of one. */
async function initialise(
  initdb: string,
  folder: string,
  data: string,
  passwordFile: string,
  runner: Runner,
): Promise<void> {
  await writePasswordFile(passwordFile);
  const fresh = await mkdtemp(join(folder, "new-"));
  const secret = `${fresh}.secret`;
  await runner.own(fresh);
  await writeFile(secret, `${await readPassword(passwordFile)}\n`, { mode: 0o600 });
  await runner.own(secret);
  try {
    const args = [
      "-D",
      fresh,
      "-U",
      superuser,
      "-A",
      "scram-sha-256",
      `--pwfile=${secret}`,
      "-E",
      "UTF8",
      "--no-locale",
    ];
    const { code, output } = await runner.run(initdb, args);
    if (code !== 0) throw new FleetError("embedded", `initdb failed: ${output.trim()}`);
    await rename(fresh, data).catch(ignoreExisting);
  } finally {
    await rm(secret, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

/** One secret for the cluster's life. Written beside its place first: whoever sees the file sees all of it. */
async function writePasswordFile(path: string): Promise<void> {
  if (existsSync(path)) return;
  const temporary = `${path}.${process.pid}`;
  const secret = randomBytes(24).toString("hex");
  await writeFile(temporary, passwordLines(secret), { mode: 0o600 });
  await link(temporary, path).catch(ignoreExisting);
  await rm(temporary);
}

/** Earlier versions wrote the superuser's line alone. It is the last one: they read that. */
async function completePasswordFile(path: string, secret: string): Promise<void> {
  const lines = passwordLines(secret);
  if ((await readFile(path, "utf8")) === lines) return;
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, lines, { mode: 0o600 });
  await rename(temporary, path);
}

function passwordLines(secret: string): string {
  return [migratorUser, applicationUser, superuser]
    .map((user) => `127.0.0.1:*:*:${user}:${passwordOf(secret, user)}\n`)
    .join("");
}

/** The superuser's. Empty when it is lost: the database can still be erased then. */
async function readPassword(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").map((line) => line.split(":"));
  return lines.find(([_host, _port, _database, user]) => user === superuser)?.at(-1) ?? "";
}

function lostPassword({ passwordFile }: Place): FleetError {
  return new FleetError(
    "embedded",
    `the embedded database's password is lost: ${passwordFile} is missing or empty`,
    {
      remedy: "Restore the file, or erase the database and its data: drizzle-fleet dev --death",
    },
  );
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST" && error.code !== "ENOTEMPTY") throw error;
}

/** Attaches to the server of this data folder, starting it when it does not run. */
async function joinServer(
  place: Place,
  preferredPort: number,
): Promise<{ session: Session; port: number }> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const running = await attach(place);
    if (running !== undefined && (await takesPart(running.session))) return running;
    await running?.session.close();
    // Somebody is stopping it: wait until it is gone. Nobody runs it: start it.
    const failure = running === undefined ? await start(place, preferredPort) : undefined;
    if (Date.now() > deadline || (failure !== undefined && !isPassing(failure))) {
      throw new FleetError(
        "embedded",
        `the embedded PostgreSQL does not start: ${lastLines(failure ?? "another command keeps stopping it")}`,
        {
          remedy: `Its log is ${place.log}. drizzle-fleet dev --death erases it and its data.`,
        },
      );
    }
    await sleep(100);
  }
}

/**
 * Complaints that another try may not meet. Somebody took the port; starts the server at this moment, or has
 * stopped it again before we saw it run; or the last processes of a killed one are still about to end.
 */
function isPassing(complaint: string): boolean {
  return /Address already in use|another server might be running|lock file .* (already exists|is empty)|could not remove old lock file|PID file .* is empty|pre-existing shared memory block|is starting up|ready to accept connections/i.test(
    complaint,
  );
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-8).join("\n");
}

/** Connects to the server that holds the data folder, if one does. */
async function attach(place: Place): Promise<{ session: Session; port: number } | undefined> {
  const { port } = await readHolder(place);
  if (!(port > 0)) return undefined;
  try {
    const session = await Session.connect(addressOf(place, port, "postgres", superuser), {
      waitMs: 0,
    });
    const [row] = await session.query<{ directory: string }>(
      "SELECT current_setting('data_directory') AS directory",
    );
    if (row?.directory === (await realpath(place.data))) return { session, port };
    await session.close();
  } catch (error) {
    // A crash leaves the file behind, and its port may by now belong to any other program. A server that
    // somebody stops drops the connection in the middle.
    const expected =
      isFleetError(error) || sqlstateOf(error) !== undefined || isConnectionLoss(error);
    if (!expected) throw error;
  }
  return undefined;
}

/** The server that runs on the data folder, in its own words; numbers that are not there yet are NaN. */
async function readHolder(place: Place): Promise<{ pid: number; port: number }> {
  const text = await readFile(join(place.data, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n").map((line) => Number.parseInt(line, 10));
  return { pid: lines[0] ?? Number.NaN, port: lines[3] ?? Number.NaN };
}

async function takesPart(session: Session): Promise<boolean> {
  return (await askForUsersLock(session, "pg_try_advisory_lock_shared")) === true;
}

/** The server's answer; undefined when the connection is gone, as it is once somebody stops the server. */
async function askForUsersLock(
  session: Session,
  request: "pg_try_advisory_lock_shared" | "pg_try_advisory_lock" | "pg_advisory_unlock_shared",
): Promise<boolean | undefined> {
  try {
    const [row] = await session.query<{ answer: boolean }>(`SELECT ${request}($1) AS answer`, [
      usersLock,
    ]);
    return row?.answer;
  } catch (error) {
    if (isConnectionLoss(error)) return undefined;
    throw error;
  }
}

/** Starts the server; returns what was written since when it does not come up. */
async function start(place: Place, preferredPort: number): Promise<string | undefined> {
  const port = await freePort(preferredPort);
  const settings = [
    `-p ${port}`,
    "-c listen_addresses=127.0.0.1",
    "-c unix_socket_directories=",
    "-c max_connections=200",
    "-c max_locks_per_transaction=256",
  ];
  const args = [
    "start",
    "-w",
    "-t",
    "60",
    "-D",
    place.data,
    "-l",
    place.log,
    "-o",
    settings.join(" "),
  ];
  // Commands that start it at once share the log: ours is somewhere in what was added, not at its end.
  const before = (await stat(place.log).catch(() => undefined))?.size ?? 0;
  const { code, output } = await place.runner.run(place.control, args);
  if (code === 0) return undefined;
  const log = await readFile(place.log).catch(() => Buffer.alloc(0));
  return `${output.trim()}\n${log.subarray(before)}`;
}

async function leaveServer(place: Place, session: Session): Promise<void> {
  if ((await askForUsersLock(session, "pg_advisory_unlock_shared")) !== undefined) {
    await stopIfLast(place, session);
    return;
  }
  // Our part in the use went with the session; the server may wait for nobody but us.
  const running = await attach(place);
  if (running !== undefined) await stopIfLast(place, running.session, lostSessionMs);
}

/** So long, in milliseconds, a server may take to notice that a session is gone, and to free its locks. */
const lostSessionMs = 2_000;

/** Stops the server unless somebody else uses it. While the lock is held whole, nobody new can take part. */
async function stopIfLast(place: Place, session: Session, patienceMs = 0): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while ((await askForUsersLock(session, "pg_try_advisory_lock")) !== true) {
    if (Date.now() >= deadline) {
      await session.close();
      return false;
    }
    await sleep(50);
  }
  const { pid } = await readHolder(place);
  // pg_ctl would wait for the end of any server, also of the one that another command starts right after.
  const args = ["stop", "-W", "-m", "fast"];
  const { code, output } = await place.runner.run(place.control, args, environmentOf(place));
  if (code === 0 && (await isGone(place, pid))) return true;
  throw new FleetError("embedded", `the embedded PostgreSQL does not stop: ${output.trim()}`);
}

/** Waits for the end of one server. */
async function isGone(place: Place, pid: number): Promise<boolean> {
  const deadline = Date.now() + stopTimeoutMs;
  while ((await readHolder(place)).pid === pid && (await isRunning(place))) {
    if (Date.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}

/** One command at a time: two CREATE DATABASE at once disturb each other over the template. */
async function prepareServer(
  session: Session,
  place: Place,
  port: number,
  { createsRoles = false }: EmbeddedOptions,
  names: readonly string[],
): Promise<void> {
  await session.query("SELECT pg_advisory_lock($1)", [creationLock]);
  await ensureRoles(session, place.password, createsRoles);
  for (const name of names)
    if ((await ensureDatabase(session, name)) === "superuser's")
      await moveOver(session, addressOf(place, port, name, superuser));
  await session.query("SELECT pg_advisory_unlock($1)", [creationLock]);
}

function addressOf(
  { password }: Place,
  port: number,
  database: string,
  user: string,
): DatabaseAddress {
  const path = encodeURIComponent(database);
  return {
    name: database,
    url: `postgresql://${user}:${passwordOf(password, user)}@127.0.0.1:${port}/${path}`,
  };
}

function environmentOf({ data }: Place): Record<string, string> {
  return { PGDATA: data };
}

/** The preferred port, or any other free one. */
async function freePort(preferred: number): Promise<number> {
  return (await listen(preferred)) ?? (await listen(0)) ?? preferred;
}

function listen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}
