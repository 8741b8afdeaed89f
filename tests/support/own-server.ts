import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { onTestFinished } from "vitest";
import { findBinaries } from "../../src/dev/binaries.ts";
import { acquireEmbedded } from "../../src/dev/embedded.ts";
import { createRunner } from "../../src/dev/run-as.ts";
import { type TestDatabase, urlWith } from "./database.ts";
import { repository } from "./repository.ts";

export type Queries = Pick<TestDatabase, "query">;

/** A PostgreSQL of a test's own, with one database, which the test may crash. */
export interface OwnServer {
  readonly port: number;
  /** The superuser's way to the database. */
  readonly adminUrl: string;
  /** The database's URL, at the server's port or at that of a proxy. */
  urlAt(port: number): string;
  /** Connects, once the server is up. */
  use<Result>(act: (database: Queries) => Promise<Result>): Promise<Result>;
  /** Ends the server as a loss of power would, but for what the operating system has, and starts it again. */
  restart(): Promise<void>;
  /** As `restart`, after which it takes no writes, as a standby of a server that has gone. */
  becomeStandby(): Promise<void>;
}

/** Starts a server that is stopped, and its folder removed, when the test has ended. */
export async function createOwnServer(preferredPort: number): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-own-"));
  const server = await acquireEmbedded({ root: repository, folder, port: preferredPort }, ["main"]);
  const data = join(folder, "postgres", "data");
  const { control } = await findBinaries(repository);
  const runner = await createRunner(control, join(folder, "postgres"));
  const { port } = server;
  // Fleets work as the ordinary role; the test itself terminates sessions and looks into everything.
  const { url } = server.addressOf("main");
  const admin = server.superuserAddressOf("main").url;
  let ended = false;
  let restarting: Promise<unknown> = Promise.resolve();
  onTestFinished(async () => {
    // A test that ran out of time may be restarting the server at this very moment.
    ended = true;
    await restarting.catch(() => undefined);
    await server.release();
    if (existsSync(join(data, "postmaster.pid")))
      throw new Error(`the server in ${folder} still runs`);
    await rm(folder, { recursive: true });
  });
  const restart = async () => {
    if (ended) throw new Error("the test has ended");
    const log = join(folder, "postgres", "log");
    const args = ["restart", "-w", "-t", "60", "-m", "immediate", "-D", data, "-l", log];
    const { code, output } = await runner.run(control, args);
    if (code !== 0) throw new Error(`the server does not restart: ${output}`);
  };
  return {
    port,
    adminUrl: admin,
    urlAt: (other) => urlWith(url, { port: String(other) }),
    restart: () => {
      const done = restart();
      restarting = done;
      return done;
    },
    becomeStandby: async () => {
      await writeFile(join(data, "standby.signal"), "");
      restarting = restart();
      await restarting;
    },
    use: async (act) => {
      const client = await connect(admin);
      try {
        return await act({
          query: async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) =>
            (await client.query<Row>(sql, values)).rows,
        });
      } finally {
        await client.end();
      }
    },
  };
}

/** Refused, reset, or told that the server is starting or has just crashed: worth another try. */
const passing = new Set(["ECONNREFUSED", "ECONNRESET", "57P03", "57P01", "57P02"]);

/** Connects, once the server is up: for at most 30 seconds. */
export async function connect(url: string): Promise<pg.Client> {
  for (const deadline = Date.now() + 30_000; ; await sleep(20)) {
    const client = new pg.Client({ connectionString: url, application_name: "test" });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      const code = error instanceof Error ? Reflect.get(error, "code") : undefined;
      const broken = /terminated|ended/.test(String(error));
      if ((!passing.has(code) && !broken) || Date.now() > deadline) throw error;
    }
  }
}
