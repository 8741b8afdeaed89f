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

/** A PostgreSQL server for one test, with one database. The test can crash it. */
export interface OwnServer {
  readonly port: number;
  /** The database's URL for the superuser. */
  readonly adminUrl: string;
  /** The database's URL with another port, for example that of a proxy. */
  urlAt(port: number): string;
  /** Connects as the superuser as soon as the server accepts connections. */
  use<Result>(act: (database: Queries) => Promise<Result>): Promise<Result>;
  /** Crashes the server and starts it again. What it has given to the operating system is not lost. */
  restart(): Promise<void>;
  /** Crashes the server and starts it as a standby without a primary, which accepts no writes. */
  becomeStandby(): Promise<void>;
}

/** Starts a server. When the test ends, it is stopped and its folder is removed. */
export async function createOwnServer(preferredPort: number): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-own-"));
  const server = await acquireEmbedded({ root: repository, folder, port: preferredPort }, ["main"]);
  const data = join(folder, "postgres", "data");
  const { control } = await findBinaries(repository);
  const runner = await createRunner(control, join(folder, "postgres"));
  const { port } = server;
  // Fleets connect as the ordinary role; the test itself terminates sessions and must see everything.
  const { url } = server.addressOf("main");
  const admin = server.superuserAddressOf("main").url;
  let ended = false;
  let restarting: Promise<unknown> = Promise.resolve();
  onTestFinished(async () => {
    // A test that timed out may be restarting the server right now.
    ended = true;
    await restarting.catch(() => undefined);
    await server.release();
    if (existsSync(join(data, "postmaster.pid")))
      throw new Error(`the server in ${folder} is still running`);
    await rm(folder, { recursive: true });
  });
  const restart = async () => {
    if (ended) throw new Error("the test has ended");
    const log = join(folder, "postgres", "log");
    const args = ["restart", "-w", "-t", "60", "-m", "immediate", "-D", data, "-l", log];
    const { code, output } = await runner.run(control, args);
    if (code !== 0) throw new Error(`the server could not be restarted: ${output}`);
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

/** Errors while the server is down, starting, or has just crashed: try again. */
const passing = new Set(["ECONNREFUSED", "ECONNRESET", "57P03", "57P01", "57P02"]);

/** Connects as soon as the server accepts connections, within 30 seconds. */
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
