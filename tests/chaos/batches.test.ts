import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { chaosTest, type Round } from "../support/chaos.ts";
import { createProject, runCli } from "../support/cli.ts";
import { Cluster } from "../support/cluster.ts";
import { appFleet, configFile, history } from "../support/fleet.ts";
import { expectNothingLeft, toolsBackends } from "../support/leftovers.ts";
import { BreakingProxy } from "../support/proxy.ts";
import { Runner } from "../support/runner.ts";

const tenants = ["a", "b", "c", "d", "e"];
/** Rows of each tenant, and failures in all; CONTRIBUTING.md names the variables. */
const rows = Number(process.env.CHAOS_BATCH_ROWS ?? 20_000);
const failures = Number(process.env.CHAOS_BATCH_FAILURES ?? 12);
/** The number of batches is the same for any number of rows. */
const size = rows / 100;

const migrations = {
  "0000_rows": `CREATE TABLE "counts" ("id" bigint PRIMARY KEY, "n" integer DEFAULT 0 NOT NULL);
INSERT INTO "counts" SELECT g * 7, 0 FROM generate_series(1, ${rows}) AS g;`,
  "0001_fill": `-- drizzle-fleet: batch ${size} by id
UPDATE "counts" SET "n" = "n" + 1;`,
};

const all = rows * tenants.length;

/** The rows that are done in all tenants, by their ledgers. */
const done = `SELECT coalesce(sum(CASE WHEN begun THEN (substr(applied_checksum, 65)::jsonb ->> 'rows')::int ELSE ${rows} END), 0)::int AS rows
  FROM (${tenants.map((tenant) => `SELECT * FROM app_${tenant}.__fleet_ledger`).join(" UNION ALL ")}) AS ledgers
  WHERE tag = '0001_fill'`;

const kinds = ["kill", "terminate", "restart", "cut"] as const;

/** What all failures share. */
interface Scene {
  readonly cluster: Cluster;
  readonly proxy: BreakingProxy;
  readonly start: () => Runner;
}

async function prepare(): Promise<Scene & { readonly project: string }> {
  const cluster = await Cluster.create();
  const proxy = await BreakingProxy.open(cluster.port);
  await cluster.use((database) => database.query("CREATE DATABASE main OWNER migrator"));
  const fleet = appFleet(cluster.urlOf("main", "migrator", "migrator"), tenants, {
    ...{ concurrency: 5, connectTimeout: 30_000, backfill: { pause: 2 } },
    retry: { minDelay: 10, maxDelay: 100 },
  });
  const through = cluster.urlOf("main", "migrator", "migrator", proxy.port);
  const databases = { main: { url: { environmentVariable: "MAIN_URL" } } };
  const project = await createProject({
    "drizzle.config.ts": configFile({ ...fleet, databases }),
    ...history("drizzle/app", migrations),
  });
  const before = await runCli(project, ["migrate", "--to", "0000_rows"], { MAIN_URL: through });
  expect(before.code, before.stderr).toBe(0);
  return { cluster, proxy, project, start: () => Runner.process(project, { MAIN_URL: through }) };
}

/** Waits for a moment in the first part of the work that is left, so that enough is left for other failures. */
async function untilSomeMoment(
  { random }: Round,
  { cluster }: Scene,
  others: number,
): Promise<void> {
  await cluster.use(async (database) => {
    const count = async () => (await database.query<{ rows: number }>(done))[0]?.rows ?? 0;
    const before = await count();
    const end = before + (random.next() * 1.6 * (all - before)) / (others + 2);
    while ((await count()) < end) await sleep(5);
  }, "main");
}

/** Makes one failure. Returns the runner to go on with. */
async function fail(
  { random }: Round,
  { cluster, proxy, start }: Scene,
  kind: (typeof kinds)[number],
  runner: Runner,
): Promise<Runner> {
  if (kind === "restart") await cluster.restart();
  if (kind === "cut")
    expect(proxy.cutNow(1 + random.below(5), random.chance(0.5))).toBeGreaterThan(0);
  if (kind === "terminate")
    await cluster.use(async (database) => {
      const most = 1 + random.below(5);
      const ended = await database.query(
        `SELECT pg_terminate_backend(pid) FROM (${toolsBackends} ORDER BY random() LIMIT ${most}) AS chosen`,
      );
      expect(ended.length).toBeGreaterThan(0);
    }, "main");
  if (kind !== "kill") return runner;
  runner.kill();
  expect((await runner.ending).how).toBe("killed");
  return start();
}

chaosTest("a backfill in batches changes each row once", async (round) => {
  const { random, tell } = round;
  const scene = await prepare();
  const { cluster, project, start } = scene;
  const deck = Array.from(
    { length: failures },
    (_, index) => kinds[index % kinds.length] ?? "kill",
  );
  let runner = start();
  const order = random.shuffled(deck);
  for (const [index, kind] of order.entries()) {
    await untilSomeMoment(round, scene, failures - index - 1);
    expect(runner.finished, "the rollout has ended before this failure").toBe(false);
    runner = await fail(round, scene, kind, runner);
  }
  const left = await runner.ending;
  tell(`${tenants.length} tenants of ${rows} rows, ${failures} failures: ${order.join(" ")}`);
  expect(left, JSON.stringify(left)).toMatchObject({ how: "ended", code: 0 });
  await cluster.use(async (database) => {
    for (const tenant of tenants)
      expect(
        await database.query(
          `SELECT n, count(*)::int AS rows FROM app_${tenant}.counts GROUP BY n`,
        ),
        tenant,
      ).toEqual([{ n: 1, rows }]);
    await expectNothingLeft(database);
  }, "main");
  const status = await runCli(project, ["status"], { MAIN_URL: cluster.urlOf("main") });
  expect(status.stdout).toContain("All 5 targets are at head.");
});

chaosTest("a backfill in batches waits for a replica that is behind", async ({ tell }) => {
  const primary = await Cluster.create();
  await primary.use((database) => database.query("CREATE DATABASE main OWNER migrator"));
  // It reports its position each second, also while there is nothing new to receive.
  const standby = await primary.createStandby({ wal_receiver_status_interval: "1" });
  await primary.use((database) => database.query("GRANT pg_monitor TO migrator"));
  const url = primary.urlOf("main", "migrator", "migrator");
  const fleet = appFleet(url, ["a"], { backfill: { pause: 20, maxReplicaLag: 200 } });
  const project = await createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", migrations),
  });
  const before = await runCli(project, ["migrate", "--to", "0000_rows"]);
  expect(before.code, before.stderr).toBe(0);
  await standby.use((database) => database.query("SELECT pg_wal_replay_pause()"));
  const runner = Runner.process(project, {});
  const waits = () => runner.events.flatMap((event) => (event.type === "waiting" ? event.for : []));
  await runner.until(() => waits().some(({ reason }) => reason?.startsWith("replica") === true));
  const reasons = waits().flatMap(({ reason }) => reason ?? []);
  expect(reasons.at(-1)).toMatch(/^replica standby is \d+(\.\d)? s behind$/);
  const rowsDone = `SELECT count(*)::int AS rows FROM app_a.counts WHERE n = 1`;
  const count = () => primary.use((database) => database.query<{ rows: number }>(rowsDone), "main");
  const [paused] = await count();
  await sleep(500);
  expect(await count()).toEqual([paused]);
  expect(paused?.rows).toBeLessThan(rows);
  await standby.use((database) => database.query("SELECT pg_wal_replay_resume()"));
  const end = await runner.ending;
  tell(`waited after ${paused?.rows} rows: ${reasons.join(", ")}`);
  expect(end, JSON.stringify(end)).toMatchObject({ how: "ended", code: 0 });
  expect(await count()).toEqual([{ rows }]);
});
