import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { acquireEmbedded } from "../../src/dev/embedded.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A superuser's URL of the run's PostgreSQL; its database is only a way in. */
    adminUrl: string;
  }
}

/**
 * One real PostgreSQL for the whole run: the given one (TEST_DATABASE_URL), one in a container
 * (TEST_POSTGRES=container, PG_VERSION=15), or the embedded one.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined) {
    project.provide("adminUrl", given);
    return async () => undefined;
  }
  return process.env.TEST_POSTGRES === "container" ? inContainer(project) : embedded(project);
}

async function inContainer(project: TestProject): Promise<() => Promise<void>> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const image = process.env.TEST_POSTGRES_IMAGE ?? `postgres:${process.env.PG_VERSION ?? "18"}`;
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: "test" })
    .withExposedPorts(5432)
    .withCommand(["postgres", "-c", "max_connections=200"])
    // The image starts the server twice: once to set it up, and once to stay.
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start();
  const address = `${container.getHost()}:${container.getMappedPort(5432)}`;
  project.provide("adminUrl", `postgresql://postgres:test@${address}/postgres`);
  return async () => void (await container.stop());
}

async function embedded(project: TestProject): Promise<() => Promise<void>> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-test-"));
  const server = await acquireEmbedded({ root, folder, port: 54_399 }, []);
  // Tests make databases and roles, and look at what an ordinary role does not see.
  project.provide("adminUrl", server.superuserAddressOf("postgres").url);
  return async () => {
    await server.release();
    await rm(folder, { recursive: true });
  };
}
