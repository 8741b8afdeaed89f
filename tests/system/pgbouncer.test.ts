import pg from "pg";
import { describe, expect, test } from "vitest";
import { listRollouts } from "../../src/operations/rollouts.ts";
import { catalogOf } from "../support/catalog.ts";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase, urlWith } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  configFile,
  contextFor,
  createFolder,
  downgradeAll,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { createOddRole } from "../support/odd-role.ts";
import { startPgbouncer } from "../support/pgbouncer.ts";

const tenants = Array.from({ length: 20 }, (_, index) => `t${index}`);
const transactional = {
  "0000_a": `CREATE TYPE "public"."kind" AS ENUM ('x');\nCREATE TABLE "a" ("id" serial PRIMARY KEY, "kind" "public"."kind");`,
  "0001_rows": `INSERT INTO "a" ("kind") SELECT 'x' FROM generate_series(1, 3);`,
  "0002_value": `ALTER TYPE "public"."kind" ADD VALUE 'y';\nUPDATE "a" SET "kind" = 'y' WHERE "id" = 1;`,
};
const concurrently = {
  ...transactional,
  "0003_index": `--> statement-breakpoint\nCREATE INDEX CONCURRENTLY "a_kind" ON "a" ("kind");`,
};

async function createPooled(poolSize: number) {
  const database = await createDatabase();
  const { url } = await startPgbouncer(database.url, { poolMode: "transaction", poolSize });
  return { database, url };
}

async function expectWhole(database: TestDatabase): Promise<void> {
  const expected = await catalogOf(database, "app_t0");
  for (const tenant of tenants) {
    expect(await catalogOf(database, `app_${tenant}`), tenant).toEqual(expected);
    expect(await database.query(`SELECT kind FROM app_${tenant}.a ORDER BY id`)).toHaveLength(3);
  }
}

describe("through PgBouncer in transaction mode", () => {
  test("transactional migrations are applied, by several runners at once", async () => {
    // Fewer server connections than workers: each transaction may get any of them.
    const { database, url } = await createPooled(3);
    const project = await createProject({
      "drizzle.config.ts": configFile(appFleet(url, tenants, { concurrency: 4 })),
      ...history("drizzle/app", transactional),
    });
    const runs = await Promise.all([1, 2].map(() => runCli(project, ["migrate", "--json"])));
    for (const { code, stderr } of runs) expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const applied = runs.map(
      ({ stdout }) => JSON.parse(stdout.trim().split("\n").at(-1) ?? "").applied,
    );
    expect(applied[0] + applied[1]).toBe(tenants.length * 3);
    await expectWhole(database);
    expect(
      await database.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND database =
      (SELECT oid FROM pg_database WHERE datname = current_database())`),
    ).toEqual([]);
    expect(await runCli(project, ["rollouts"])).toMatchObject({ code: 0 });
  });

  test("a statement that cannot run in a transaction is refused in advance, and the remedy names directUrl", async () => {
    const { database, url } = await createPooled(3);
    const root = await createFolder(history("drizzle/app", concurrently));
    const pooled = appFleet(url, ["t0"]);
    await expect(migrateAll(contextFor(root, pooled))).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining(`connection pooler of database "main"`),
      where: expect.stringMatching(/0003_index\.sql:2$/),
      remedy: expect.stringContaining("databases.main.directUrl"),
    });
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'app_t0'`)).toEqual([]);
    const direct = { ...pooled, databases: { main: { url, directUrl: database.url } } };
    expect(byTenant(await migrateAll(contextFor(root, direct)))).toEqual({
      t0: "succeeded 0000_a,0001_rows,0002_value,0003_index",
    });
    // A migration that is already applied is not refused.
    expect(byTenant(await migrateAll(contextFor(root, pooled)))).toEqual({ t0: "skipped" });
  });

  test("a migration leaves nothing in the pooler's connections, and is not affected by what others left there", async () => {
    const { database, url } = await createPooled(1);
    const root = await createFolder(history("drizzle/app", transactional));
    const context = contextFor(root, appFleet(url, ["t0"], { concurrency: 1 }));
    await migrateAll(context);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    // Another client leaves settings and a temporary table in the only connection.
    await client.query(`SET statement_timeout = 1; SET search_path = pg_catalog`);
    await client.query(
      `SET statement_timeout = 0; CREATE TEMP TABLE "a" ("id" integer, "kind" text)`,
    );
    await writeFiles(
      root,
      history("drizzle/app", {
        ...transactional,
        "0003_set": `SET work_mem = '17MB';\nCREATE TEMP TABLE "scratch" AS SELECT 1;\nINSERT INTO "a" ("kind") VALUES ('x');`,
      }),
    );
    expect(byTenant(await migrateAll(context))).toEqual({ t0: "succeeded 0003_set" });
    expect(await database.query(`SELECT count(*)::int FROM app_t0.a`)).toEqual([{ count: 4 }]);
    const { rows } = await client.query(
      `SELECT current_setting('work_mem') AS memory, to_regclass('pg_temp.scratch') AS scratch,
         current_setting('client_connection_check_interval') AS check, current_setting('search_path') AS path`,
    );
    const [own] =
      await database.query(`SELECT current_setting('work_mem') AS memory, current_setting('search_path') AS path,
      current_setting('client_connection_check_interval') AS check`);
    expect(rows).toEqual([{ ...own, scratch: null }]);
    await client.end();
  });

  test("running migrations are cancelled at once, and a failed migration leaves no lock in the pool", async () => {
    const { database, url } = await createPooled(1);
    const root = await createFolder(
      history("drizzle/app", {
        "0000_slow": `SELECT pg_advisory_lock(4711);\nSELECT pg_sleep(60);`,
      }),
    );
    const stop = new AbortController();
    const cancel = new AbortController();
    const fleet = appFleet(url, ["t0"], { concurrency: 1 });
    const context = { ...contextFor(root, fleet), signal: stop.signal, cancel: cancel.signal };
    let cancelledAt = 0;
    const result = await migrateAll(context, {}, ({ type }) => {
      if (type !== "targetStarted") return;
      setTimeout(() => {
        cancelledAt = performance.now();
        stop.abort();
        cancel.abort();
      }, 700);
    });
    expect(performance.now() - cancelledAt).toBeLessThan(4_000);
    expect(result.outcomes).toMatchObject([{ status: "failed", failure: { sqlstate: "57014" } }]);
    expect(
      await database.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711`),
    ).toEqual([]);
  });

  test("statements run in batches, and several runners may take turns", async () => {
    const { database, url } = await createPooled(2);
    const root = await createFolder(
      history("drizzle/app", {
        "0000_t": `CREATE TABLE "t" ("id" integer PRIMARY KEY, "n" integer NOT NULL);
INSERT INTO "t" SELECT g, 0 FROM generate_series(1, 500) AS g;`,
        "0001_batches": `-- drizzle-fleet: batch 10 by id\nUPDATE "t" SET "n" = "n" + 1;`,
      }),
    );
    const context = contextFor(root, appFleet(url, ["t0"], { backfill: { pause: 1 } }));
    const runs = await Promise.all([1, 2].map(() => migrateAll(context)));
    const statuses = runs.flatMap(({ outcomes }) => outcomes.map(({ status }) => status));
    expect(statuses.every((status) => status === "succeeded" || status === "skipped")).toBe(true);
    expect(await database.query("SELECT n, count(*)::int FROM app_t0.t GROUP BY n")).toEqual([
      { n: 1, count: 500 },
    ]);
  });

  test("a pooler that accepts no more clients lowers the concurrency", async () => {
    const database = await createDatabase();
    const { url } = await startPgbouncer(database.url, { poolMode: "transaction", maxClients: 4 });
    const root = await createFolder(
      history("drizzle/app", { "0000_t": `SELECT pg_sleep(0.2);\nCREATE TABLE "t" ();` }),
    );
    const fleet = appFleet(url, tenants, { concurrency: 8, connectTimeout: 5_000 });
    const result = await migrateAll(contextFor(root, fleet));
    expect(result.outcomes.every(({ status }) => status === "succeeded")).toBe(true);
    const lowered = result.events.filter((event) => event.type === "concurrencyLowered");
    expect(lowered[0]?.reason).toContain("no more connections allowed");
    expect(lowered.at(-1)?.to).toBeLessThan(5);
  });
});

test("a role with its own settings can read the recorded rollouts through PgBouncer", async () => {
  const { database, role } = await createOddRole();
  // Through a pooler, drizzle-fleet sets only the date format.
  for (const name of ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"])
    await database.query(`ALTER ROLE ${role} RESET ${name}`);
  const { url } = await startPgbouncer(
    urlWith(database.url, { username: role, password: "plain" }),
    {
      poolMode: "transaction",
    },
  );
  const root = await createFolder(
    history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer);` }),
  );
  const context = contextFor(root, appFleet(url, ["a"]));
  expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0000_t" });
  const [rollout] = await listRollouts(context, [], 5);
  expect(rollout?.startedAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(rollout?.endedAt).toBeInstanceOf(Date);
});

test("a downgrade that cannot run in a transaction is refused before any tenant is changed", async () => {
  const database = await createDatabase();
  const up = { "0000_people": `CREATE TABLE "people" ("nick" text);` };
  const down = `CREATE INDEX CONCURRENTLY "nick_x" ON "people" ("nick");\nDROP TABLE "people";`;
  const root = await createFolder({
    ...history("drizzle/app", up),
    "drizzle/app/0000_people.down.sql": down,
  });
  await migrateAll(contextFor(root, appFleet(database.url, ["a"])));
  const pooler = await startPgbouncer(database.url, { poolMode: "transaction" });
  const context = contextFor(root, appFleet(pooler.url, ["a"]));
  await expect(downgradeAll(context, { count: 1 })).rejects.toMatchObject({
    code: "config",
    where: expect.stringMatching(/0000_people\.down\.sql:1/),
  });
  expect(await database.query("SELECT tag FROM app_a.__fleet_ledger")).toEqual([
    { tag: "0000_people" },
  ]);
});
