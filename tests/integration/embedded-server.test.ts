import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { acquireEmbedded, type EmbeddedOptions } from "../../src/dev/embedded.ts";
import { repository } from "../support/cli.ts";

/** A place for a server of the test's own. */
async function createPlace(): Promise<EmbeddedOptions> {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-shared-"));
  onTestFinished(({ task }) =>
    task.result?.state === "fail" ? undefined : rm(folder, { recursive: true }),
  );
  return { root: repository, folder, port: 54_394 };
}

function runs({ folder }: EmbeddedOptions): boolean {
  return existsSync(join(folder, "postgres/data/postmaster.pid"));
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

test("whoever comes while others leave joins them or starts the server again", async () => {
  const place = await createPlace();
  await (await acquireEmbedded(place, ["main"])).release();
  // The pauses are about as long as a start or a stop takes: many come in the middle of one.
  const visits = Array.from({ length: 40 }, async (_, index) => {
    await sleep(index * 170);
    const server = await acquireEmbedded(place, ["main"]);
    await query(server.addressOf("main").url, "SELECT 1");
    await server.release();
  });
  const ends = await Promise.allSettled(visits);
  expect(ends.filter(({ status }) => status === "rejected")).toEqual([]);
  expect(runs(place)).toBe(false);
});

test("leaving does not wait for the server that somebody else starts right afterwards", async () => {
  const place = await createPlace();
  let server = await acquireEmbedded(place, []);
  for (let round = 0; round < 12; round++) {
    const [next] = await Promise.all([acquireEmbedded(place, []), server.release()]);
    server = next;
  }
  await server.release();
  expect(runs(place)).toBe(false);
});

test("whoever lost the connection that marks the use still stops the server", async () => {
  const place = await createPlace();
  const server = await acquireEmbedded(place, []);
  await query(
    server.addressOf("postgres").url,
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'",
  );
  await server.release();
  expect(runs(place)).toBe(false);
});
