import { sql } from "drizzle-orm";
import { interval, pgTable, timestamp } from "drizzle-orm/pg-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { defineFleet } from "../../src/config/define.ts";
import { readTenants, registerTenant } from "../../src/control/registry.ts";
import { listRollouts, showRollout } from "../../src/operations/rollouts.ts";
import { status } from "../../src/operations/status.ts";
import { withSession } from "../../src/postgres/session.ts";
import { openFleet } from "../../src/runtime/open.ts";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase, createRole } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  configFile,
  contextFor,
  createFolder,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { createOddRole } from "../support/odd-role.ts";

const all = { services: [], tenants: [], databases: [] };

const table = { "0000_t": `CREATE TABLE "t" ("id" integer);` };

describe("a role with its own settings", () => {
  test("can migrate, and its rollouts are read like any other's", async () => {
    const { url } = await createOddRole();
    const root = await createFolder(history("drizzle/app", table));
    const context = contextFor(root, appFleet(url, ["a", "b"]));
    const before = Date.now();
    expect(byTenant(await migrateAll(context))).toEqual({
      a: "succeeded 0000_t",
      b: "succeeded 0000_t",
    });
    await writeFiles(
      root,
      history("drizzle/app", { ...table, "0001_wait": "SELECT pg_sleep(0.6);" }),
    );
    expect(byTenant(await migrateAll(context))).toMatchObject({ a: "succeeded 0001_wait" });
    const rollouts = await listRollouts(context, [], 5);
    expect(rollouts.map(({ counts }) => counts)).toEqual([{ succeeded: 2 }, { succeeded: 2 }]);
    for (const { startedAt, endedAt } of rollouts) {
      expect(startedAt.getTime()).toBeGreaterThanOrEqual(before - 1_000);
      expect(endedAt?.getTime()).toBeGreaterThanOrEqual(startedAt.getTime());
    }
    expect((await showRollout(context, [], rollouts[0]?.id ?? "")).outcomes).toHaveLength(2);
    expect(await status(context, all)).toMatchObject([{ pending: 0 }, { pending: 0 }]);
  });

  test("does not have PostgreSQL compile the tool's own queries, but may have it compile a migration's", async () => {
    const { database, role, url } = await createOddRole();
    await database.query(`ALTER ROLE ${role} SET jit = on`);
    const jit = "SELECT current_setting('jit') AS jit";
    await withSession({ name: "main", url }, { waitMs: 5_000 }, async (session) => {
      expect(await session.query(jit)).toEqual([{ jit: "off" }]);
    });
    const migration = { "0000_jit": `CREATE TABLE "t" AS ${jit};` };
    const root = await createFolder(history("drizzle/app", migration));
    expect(byTenant(await migrateAll(contextFor(root, appFleet(url, ["a"]))))).toEqual({
      a: "succeeded 0000_jit",
    });
    expect(await database.query("SELECT jit FROM app_a.t")).toEqual([{ jit: "on" }]);
  });

  test("does not end sessions early or change the times in the registry", async () => {
    const { database, role, url } = await createOddRole();
    const [version] = await database.query<{ number: number }>(
      "SELECT current_setting('server_version_num')::integer AS number",
    );
    if ((version?.number ?? 0) >= 170_000)
      await database.query(`ALTER ROLE ${role} SET transaction_timeout = 400`);
    await withSession({ name: "main", url }, { waitMs: 5_000 }, async (session) => {
      const tenant = { id: "acme", status: "active", database: null, attributes: {} } as const;
      await registerTenant(session, tenant);
      await session.query("SELECT pg_sleep(0.6)");
      const [found] = await readTenants(session);
      expect(Math.abs((found?.createdAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
      expect(session.lost).toBe(false);
    });
  });

  test("applies its settings to the statements of migrations", async () => {
    const { database, url } = await createOddRole();
    const names = ["DateStyle", "TimeZone", "extra_float_digits", "check_function_bodies"];
    const select = names.map((name) => `current_setting('${name}') AS "${name}"`).join(", ");
    const files = history("drizzle/app", {
      "0000_first": `CREATE TABLE "seen" AS SELECT ${select}, DATE '02/01/2026' AS "day";`,
      "0001_second": `INSERT INTO "seen" SELECT ${select}, DATE '02/01/2026';`,
    });
    await migrateAll(contextFor(await createFolder(files), appFleet(url, ["a"])));
    const seen = {
      DateStyle: "SQL, DMY",
      TimeZone: "Asia/Kathmandu",
      extra_float_digits: "-15",
      check_function_bodies: "off",
      day: "2026-01-02",
    };
    expect(
      await database.query(
        `SELECT "DateStyle", "TimeZone", extra_float_digits, check_function_bodies, day::text FROM app_a.seen`,
      ),
    ).toEqual([seen, seen]);
  });

  test("is refused if it disables triggers", async () => {
    const database = await createDatabase();
    const { role, url } = await createRole(database);
    await database.query(`ALTER ROLE ${role} SET session_replication_role = replica`);
    const root = await createFolder(history("drizzle/app", table));
    await expect(migrateAll(contextFor(root, appFleet(url, ["a"])))).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("session_replication_role = replica"),
    });
  });

  test("can add, archive and remove tenants", async () => {
    const { url } = await createOddRole();
    const { tenants: _, ...fleet } = appFleet(url, []);
    const project = await createProject({
      "drizzle.config.ts": configFile(fleet),
      ...history("drizzle/app", table),
    });
    for (const args of [
      ["add", "acme"],
      ["clone", "acme", "beta"],
      ["archive", "acme"],
      ["restore", "acme"],
      ["rename", "beta", "gamma"],
      ["remove", "acme", "--yes", "--dump", "acme.tenant"],
      ["import", "acme.tenant"],
      ["list"],
    ])
      expect(await runCli(project, ["tenants", ...args]), args.join(" ")).toMatchObject({
        code: 0,
      });
  });

  test("does not change the format of dates and intervals that an application's driver reads", async () => {
    const { database, role, url } = await createOddRole();
    const moments = pgTable("moments", {
      at: timestamp("at", { withTimezone: true }).notNull(),
      long: interval("long").notNull(),
    });
    const root = await createFolder(
      history("drizzle/app", {
        "0000_m": `CREATE TABLE "moments" ("at" timestamptz NOT NULL, "long" interval NOT NULL);`,
      }),
    );
    const input = appFleet(url, ["a"], { databases: { main: { url, applicationUrl: url } } });
    await migrateAll(contextFor(root, input));
    // The application's role, not drizzle-fleet, limits how long its transactions take.
    for (const name of ["statement_timeout", "idle_in_transaction_session_timeout"])
      await database.query(`ALTER ROLE ${role} RESET ${name}`);
    const fleet = openFleet(defineFleet(input), { schemas: { app: { moments } }, environment: {} });
    onTestFinished(() => fleet.close());
    const { app } = fleet.tenant("a");
    const at = new Date("2026-01-02T03:04:05.678Z");
    await app.insert(moments).values({ at, long: "1 day 02:03:04" });
    expect(await app.select().from(moments)).toEqual([{ at, long: "1 day 02:03:04" }]);
    const order = await app.execute(sql`SELECT DATE '02/01/2026' = DATE '2026-01-02' AS first_day`);
    expect(order.rows).toEqual([{ first_day: true }]);
  });
});

test("a setting in one tenant's migration does not make the next tenant's transaction read-only", async () => {
  const { url } = await createRole(await createDatabase());
  const files = history("drizzle/app", {
    "0000_t": `CREATE TABLE "t" ("id" integer);\nSET default_transaction_read_only = on;`,
    "0001_i": `CREATE INDEX "i" ON "t" ("id");`,
  });
  const fleet = appFleet(url, ["a", "b"], { concurrency: 1 });
  expect(byTenant(await migrateAll(contextFor(await createFolder(files), fleet)))).toEqual({
    a: "succeeded 0000_t,0001_i",
    b: "succeeded 0000_t,0001_i",
  });
});
