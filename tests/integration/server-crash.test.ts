import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { acquireEmbedded } from "../../src/dev/embedded.ts";
import { createProject, ended, runCli, startCli } from "../support/cli.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";

/** A separate server, which the test can crash. It writes its WAL late, so everything that was not flushed is lost. */
async function createServer(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-crash-"));
  const server = await acquireEmbedded({ root: repository, folder, port: 54_397 }, ["main"]);
  onTestFinished(async () => {
    await server.release();
    await rm(folder, { recursive: true });
  });
  const { url } = server.addressOf("main");
  await withClient(server.superuserAddressOf("main").url, (client) =>
    client
      .query("ALTER SYSTEM SET wal_writer_delay = '10s'")
      .then(() => client.query("SELECT pg_reload_conf()")),
  );
  return url;
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

/** A project with `count` tenants, and one table for each. */
function createFleet(url: string, count: number, concurrency: number): Promise<string> {
  const tenants = Array.from({ length: count }, (_, index) => `t${index}`);
  const fleet = appFleet(url, tenants, { concurrency, connectTimeout: 30_000 });
  return createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer PRIMARY KEY);` }),
  });
}

test("what is reported as done survives a crash of the server", {
  timeout: 120_000,
}, async () => {
  const url = await createServer();
  const project = await createFleet(url, 600, 3);
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

test("the migrations of a target reported at head are on disk even if another runner had not flushed them", {
  timeout: 120_000,
}, async () => {
  const url = await createServer();
  const project = await createFleet(url, 20, 1);
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
  // What the killed runner had sent is still run. Between two of its pipelines, a backend is idle for a moment.
  const workers = `SELECT FROM pg_stat_activity WHERE application_name = 'drizzle-fleet' AND state <> 'idle'`;
  const isWorking = () =>
    withClient(url, async (client) => (await client.query(workers)).rowCount !== 0);
  let before = -1;
  for (let now = await there(); now !== before || (await isWorking()); now = await there()) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
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
