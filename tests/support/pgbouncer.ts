import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { onTestFinished } from "vitest";
import { createRunner } from "../../src/dev/run-as.ts";
import { urlWith } from "./database.ts";

export interface PgbouncerOptions {
  readonly poolMode: "transaction" | "session" | "statement";
  /** Connections to the server, for each database and user. */
  readonly poolSize?: number;
  /** How many clients can be connected at the same time. */
  readonly maxClients?: number;
  /** Additional settings for the section [pgbouncer]. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Pgbouncer {
  /** The given URL, through the pooler. */
  readonly url: string;
}

interface Process {
  /** Its output, once it has ended. */
  output(): string | undefined;
  /** Stops it, and returns its output. */
  stop(): Promise<string>;
}

const startTimeoutMs = 10_000;

/**
 * Starts a PgBouncer in front of a server, on a free port of 127.0.0.1, and stops it when the test ends. If the test
 * fails, PgBouncer's log is printed.
 *
 * @param databaseUrl a URL of the server itself, with user and password; PgBouncer can connect to all its databases
 */
export async function startPgbouncer(
  databaseUrl: string,
  options: PgbouncerOptions,
): Promise<Pgbouncer> {
  const program = findPgbouncer();
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-pgbouncer-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (;;) {
    const port = await freePort();
    const url = urlWith(databaseUrl, { hostname: "127.0.0.1", port: String(port) });
    const pgbouncer = await start(program, folder, filesFor(databaseUrl, port, folder, options));
    onTestFinished(async ({ task }) => {
      const log = await pgbouncer.stop();
      if (task.result?.state === "fail") process.stderr.write(`PgBouncer's log:\n${log}\n`);
    });
    const complaint = await untilReady(url, pgbouncer);
    if (complaint === undefined) return { url };
    // Another program may have taken the port in the meantime.
    if (!/address already in use/i.test(complaint))
      throw new Error(`PgBouncer could not be started: ${complaint}`);
  }
}

/** Debian installs it in a folder that is only in root's PATH. */
function findPgbouncer(): string {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const program = folders
    .map((folder) => join(folder, "pgbouncer"))
    .find((path) => existsSync(path));
  if (program !== undefined) return program;
  throw new Error(
    "This test needs PgBouncer, which is not installed. To install it, run: apt-get install pgbouncer",
  );
}

function filesFor(
  databaseUrl: string,
  port: number,
  folder: string,
  { poolMode, poolSize = 20, maxClients = 200, settings = {} }: PgbouncerOptions,
): Record<"pgbouncer.ini" | "users.txt", string> {
  const { hostname, port: serverPort, username, password } = new URL(databaseUrl);
  const [user, secret] = [username, password].map(decodeURIComponent);
  const lines = Object.entries({
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    pidfile: join(folder, "pid"),
    // A plain-text password works with every authentication method of the server.
    auth_type: secret === "" ? "trust" : "scram-sha-256",
    auth_file: join(folder, "users.txt"),
    admin_users: user,
    pool_mode: poolMode,
    default_pool_size: poolSize,
    max_client_conn: maxClients,
    ...settings,
  }).map(([name, value]) => `${name} = ${value}`);
  const server = `* = host=${hostname} port=${serverPort || "5432"}`;
  const quoted = [user, secret].map((text) => `"${(text ?? "").replaceAll('"', '""')}"`);
  return {
    "pgbouncer.ini": ["[databases]", server, "[pgbouncer]", ...lines, ""].join("\n"),
    "users.txt": `${quoted.join(" ")}\n`,
  };
}

/** Starts PgBouncer. Like PostgreSQL, it refuses to run as root, so root starts it as another user. */
async function start(
  program: string,
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<Process> {
  const runner = await createRunner(program, folder);
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    await runner.own(join(folder, name));
  }
  const ended = runner.run(program, [join(folder, "pgbouncer.ini")]);
  let output: string | undefined;
  void ended.then((result) => {
    output = result.output;
  });
  const pidFile = join(folder, "pid");
  while (output === undefined && !existsSync(pidFile)) await sleep(10);
  return {
    output: () => output,
    stop: async () => {
      // Its other signals wait for clients, and differ between versions.
      if (output === undefined) process.kill(Number(await readFile(pidFile, "utf8")), "SIGKILL");
      return (await ended).output;
    },
  };
}

/** Waits until it accepts a client. Returns the error if it does not. */
async function untilReady(url: string, pgbouncer: Process): Promise<string | undefined> {
  for (const deadline = Date.now() + startTimeoutMs; ; await sleep(20)) {
    const refusal = await refusalOf(url);
    if (refusal === undefined) return undefined;
    if (pgbouncer.output() !== undefined) return pgbouncer.output();
    if (Date.now() > deadline) return `${refusal}\n${await pgbouncer.stop()}`;
  }
}

async function refusalOf(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: startTimeoutMs });
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return String(error);
  } finally {
    await client.end();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === "object" && address !== null ? address.port : 0),
      );
    });
  });
}
