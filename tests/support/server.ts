import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { acquireEmbedded } from "../../src/dev/embedded.ts";
import { repository } from "./repository.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A superuser's URL of the database `postgres`, on the server of this run. */
    adminUrl: string;
  }
}

/** A running server, and how to stop it. */
interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** The server of this run. Each vitest project loads this file separately, but in the same process. */
const shared = globalThis as typeof globalThis & {
  drizzleFleetServer?: { users: number; server: Promise<Server> };
};

/**
 * Starts one real PostgreSQL for the complete run: the embedded one, one in a container (TEST_POSTGRES=container,
 * PG_VERSION=15), or an existing one (TEST_DATABASE_URL).
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.drizzleFleetServer ??= { users: 0, server: startServer() };
  const use = shared.drizzleFleetServer;
  use.users += 1;
  project.provide("adminUrl", (await use.server).url);
  return async () => {
    use.users -= 1;
    if (use.users > 0) return;
    delete shared.drizzleFleetServer;
    await (await use.server).stop();
  };
}

async function startServer(): Promise<Server> {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined) return { url: given, stop: async () => undefined };
  return process.env.TEST_POSTGRES === "container" ? inContainer() : embedded();
}

async function inContainer(): Promise<Server> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const image = process.env.TEST_POSTGRES_IMAGE ?? `postgres:${process.env.PG_VERSION ?? "18"}`;
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: "test" })
    .withExposedPorts(5432)
    .withCommand(["postgres", "-c", "max_connections=200"])
    // The image starts the server twice: once to initialize it, and once for use.
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start();
  const address = `${container.getHost()}:${container.getMappedPort(5432)}`;
  return {
    url: `postgresql://postgres:test@${address}/postgres`,
    stop: async () => void (await container.stop()),
  };
}

/** Settings that make the server faster, because the tests' data does not have to survive a crash. */
const quick = {
  fsync: "off",
  full_page_writes: "off",
  max_wal_size: "4GB",
  checkpoint_timeout: "1h",
};

async function embedded(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-test-"));
  const server = await acquireEmbedded({ root: repository, folder, port: 54_399 }, []);
  // Tests create databases and roles, and read what an ordinary role cannot see.
  const { url } = server.superuserAddressOf("postgres");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const [name, value] of Object.entries(quick))
    await client.query(`ALTER SYSTEM SET ${name} = '${value}'`);
  await client.query("SELECT pg_reload_conf()");
  await client.end();
  return {
    url,
    stop: async () => {
      await server.release();
      await rm(folder, { recursive: true });
    },
  };
}
