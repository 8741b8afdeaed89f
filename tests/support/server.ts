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
  const { PostgreSqlContainer } = await import("@testcontainers/postgresql");
  const image = process.env.TEST_POSTGRES_IMAGE ?? `postgres:${process.env.PG_VERSION ?? "18"}`;
  const container = await new PostgreSqlContainer(image)
    .withCommand(["-c", "max_connections=200"])
    .start();
  project.provide("adminUrl", container.getConnectionUri());
  return async () => void (await container.stop());
}

async function embedded(project: TestProject): Promise<() => Promise<void>> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-test-"));
  const server = await acquireEmbedded({ root, folder, port: 54_399 }, []);
  project.provide("adminUrl", server.addressOf("postgres").url);
  return async () => {
    await server.release();
    await rm(folder, { recursive: true });
  };
}
