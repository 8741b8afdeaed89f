import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { acquireEmbedded } from "../../src/dev/embedded.ts";
import { createProject, ended, repository, runCli, startCli } from "../support/cli.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";

/** A server of the test's own, which it may crash. */
async function createServer(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-crash-"));
  const server = await acquireEmbedded({ root: repository, folder, port: 54_397 }, ["main"]);
  onTestFinished(async () => {
    await server.release();
    await rm(folder, { recursive: true });
  });
  return server.addressOf("main").url;
}

async function withClient<Result>(
  url: string,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  return use(client).finally(() => client.end().catch(() => undefined));
}

test("what is reported as done before a crash of the server is there after it", {
  timeout: 120_000,
}, async () => {
  const url = await createServer();
  // The log is written as late as the server allows: what was not flushed is lost for certain.
  await withClient(url, (client) =>
    client
      .query("ALTER SYSTEM SET wal_writer_delay = '10s'")
      .then(() => client.query("SELECT pg_reload_conf()")),
  );
  const tenants = Array.from({ length: 600 }, (_, index) => `t${index}`);
  const fleet = appFleet(url, tenants, { concurrency: 3, connectTimeout: 30_000 });
  const project = await createProject({
    "drizzle.config.ts": `import { defineFleet } from "drizzle-fleet/config";\nexport default defineFleet(${JSON.stringify(fleet)});`,
    ...history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer PRIMARY KEY);` }),
  });
  const child = startCli(project, ["migrate", "--json"]);
  let applied = 0;
  let crashed = false;
  child.stdout?.on("data", (chunk: Buffer) => {
    applied += chunk.toString().split('"stepApplied"').length - 1;
    if (applied < 250 || crashed) return;
    crashed = true;
    void withClient(url, async (client) => {
      const { rows } = await client.query(
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'drizzle-fleet' AND datname = 'main' LIMIT 1`,
      );
      process.kill(rows[0].pid, "SIGKILL");
    });
  });
  const result = await ended(child);
  expect(crashed).toBe(true);
  const events = result.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const done = events
    .filter(({ type, outcome }) => type === "targetEnded" && outcome.status === "succeeded")
    .map(({ outcome }) => outcome.target.schema as string);
  const there = await withClient(
    url,
    async (client) =>
      (
        await client.query(
          `SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE relname = 't'`,
        )
      ).rows,
  );
  const schemas = new Set(there.map(({ schema }) => schema));
  expect(done.filter((schema) => !schemas.has(schema))).toEqual([]);
  expect(result.code).toBe(0);
  expect(done).toHaveLength(600);
  expect((await runCli(project, ["migrate"])).stdout).toContain(
    "Nothing to do: 600 targets at head.",
  );
});

test("what is called at head is on disk, though another runner had not come to flush it", {
  timeout: 120_000,
}, async () => {
  const url = await createServer();
  await withClient(url, (client) =>
    client
      .query("ALTER SYSTEM SET wal_writer_delay = '10s'")
      .then(() => client.query("SELECT pg_reload_conf()")),
  );
  const tenants = Array.from({ length: 20 }, (_, index) => `t${index}`);
  const fleet = appFleet(url, tenants, { concurrency: 1, connectTimeout: 30_000 });
  const project = await createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer PRIMARY KEY);` }),
  });
  const killed = startCli(project, ["migrate", "--json"]);
  let applied = 0;
  killed.stdout?.on("data", (chunk: Buffer) => {
    applied += chunk.toString().split('"stepApplied"').length - 1;
    if (applied >= 10) killed.kill("SIGKILL");
  });
  await ended(killed);
  expect(applied).toBeGreaterThanOrEqual(10);
  const there = () =>
    withClient(
      url,
      async (client) =>
        (await client.query(`SELECT count(*)::int AS tables FROM pg_class WHERE relname = 't'`))
          .rows[0].tables as number,
    );
  const before = await there();
  const skipped = await runCli(project, ["migrate", "--json", "--tenant", "t0"]);
  expect(JSON.parse(skipped.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ skipped: 1 });
  await withClient(url, async (client) => {
    const { rows } = await client.query(`SELECT pg_backend_pid() AS pid`);
    process.kill(rows[0].pid, "SIGKILL");
  }).catch(() => undefined);
  const deadline = Date.now() + 30_000;
  for (;;) {
    const after = await there().catch((error: unknown) => {
      if (Date.now() > deadline) throw error;
      return undefined;
    });
    if (after === undefined) continue;
    expect(after).toBe(before);
    break;
  }
});
