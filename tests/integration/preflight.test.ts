import { describe, expect, test, vi } from "vitest";
import { listRollouts } from "../../src/operations/rollouts.ts";
import { status } from "../../src/operations/status.ts";
import { refuseUnusableServer } from "../../src/postgres/server.ts";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase, createRole, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  configFile,
  contextFor,
  createFolder,
  downgradeAll,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { createOwnServer } from "../support/own-server.ts";

const all = { services: [], tenants: [], databases: [] };
const table = { "0000_t": `CREATE TABLE "t" ("id" integer);` };
const tenants = ["a", "b", "c"];

async function setUp(options: Parameters<typeof createRole>[1] = {}) {
  const database = await createDatabase();
  const { role, url } = await createRole(database, options);
  const root = await createFolder(history("drizzle/app", table));
  const context = contextFor(root, appFleet(url, tenants));
  const next = (migrations: Files) =>
    writeFiles(root, history("drizzle/app", { ...table, ...migrations }));
  return { database, role, url, root, context, next };
}

/** Checks that the run is refused before its first target, and that the SQL in the error, run by a superuser, helps. */
async function expectRefusal(
  run: Promise<unknown>,
  words: string,
  database: TestDatabase,
): Promise<void> {
  const error = await run.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toMatchObject({ code: "config", message: expect.stringContaining(words) });
  expect(error.remedy).toContain("Nothing was changed.");
  const [, sql = ""] = /: ((?:GRANT|ALTER) .*;)/.exec(error.remedy) ?? [];
  expect(sql).not.toBe("");
  await database.query(sql);
}

describe("before the first target is changed, migrate reports", () => {
  test("a missing privilege to create schemas", async () => {
    const { database, context } = await setUp({ mayCreate: false });
    await expectRefusal(
      migrateAll(context),
      "has no privilege to create the schema app_a",
      database,
    );
    expect(byTenant(await migrateAll(context))).toMatchObject({ a: "succeeded 0000_t" });
  });

  test("a tenant that cannot be created, and migrates the existing ones", async () => {
    const { database, role, url, root, context, next } = await setUp();
    await migrateAll(context);
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`REVOKE CREATE ON DATABASE ${name} FROM ${role}`);
    await next({ "0001_x": `ALTER TABLE "t" ADD COLUMN "x" integer;` });
    const more = contextFor(root, appFleet(url, ["a", "new"]));
    const result = await migrateAll(more);
    expect(byTenant(result)).toEqual({ a: "succeeded 0001_x", new: "failed" });
    expect(result.outcomes[1]?.failure?.remedy).toContain(`GRANT CREATE ON DATABASE "${name}"`);
  });

  test("tables to alter that another role owns", async () => {
    const { database, role, context, next } = await setUp();
    await migrateAll(context);
    for (const tenant of tenants)
      await database.query(`ALTER TABLE app_${tenant}.t OWNER TO CURRENT_USER`);
    for (const [tag, sql] of [
      ["0001_x", `-- a comment\nALTER TABLE "public"."t" ADD COLUMN "x" integer;`],
      ["0001_i", `CREATE INDEX "i" ON "t" USING btree ("id");`],
      ["0001_d", `DROP TABLE IF EXISTS t;`],
    ] as const) {
      await next({ [tag]: sql });
      await expect(migrateAll(context), tag).rejects.toMatchObject({
        code: "config",
        message: expect.stringMatching(
          /table t of schema app_a .* cannot change it; all 3 targets of this run lack a privilege/,
        ),
      });
    }
    // A migration that does not alter that table runs, and one tenant's table makes only that tenant fail.
    await next({ "0001_u": `CREATE TABLE "u" ("id" integer);` });
    expect(byTenant(await migrateAll(context))).toMatchObject({ a: "succeeded 0001_u" });
    for (const tenant of ["a", "b"])
      await database.query(`ALTER TABLE app_${tenant}.t OWNER TO ${role}`);
    await next({
      "0001_u": `CREATE TABLE "u" ("id" integer);`,
      "0002_x": `ALTER TABLE "t" ADD COLUMN "x" integer;`,
    });
    const result = await migrateAll(context);
    expect(byTenant(result)).toMatchObject({ a: "succeeded 0002_x", c: "failed" });
    const [, , failed] = result.outcomes;
    expect(failed?.failure).toMatchObject({
      remedy: `As the owner or a superuser, run: ALTER TABLE "app_c"."t" OWNER TO "${role}";`,
    });
  });

  test("an enum to extend that another role owns", async () => {
    const { database, url } = await setUp();
    const migrations = { "0000_e": `CREATE TYPE "public"."kind" AS ENUM ('x');` };
    const root = await createFolder(history("drizzle/app", migrations));
    const context = contextFor(root, appFleet(url, ["a"]));
    await migrateAll(context);
    await database.query("ALTER TYPE app_a.kind OWNER TO CURRENT_USER");
    const next = { ...migrations, "0001_v": `ALTER TYPE "public"."kind" ADD VALUE 'y';` };
    await writeFiles(root, history("drizzle/app", next));
    await expectRefusal(migrateAll(context), "type kind of schema app_a", database);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_v" });
  });

  test("missing privileges in the schema and on the ledger", async () => {
    const { database, role, context, next } = await setUp();
    await migrateAll(context);
    await next({ "0001_u": `CREATE TABLE "u" ("id" integer);` });
    for (const tenant of tenants)
      await database.query(`ALTER SCHEMA app_${tenant} OWNER TO CURRENT_USER;
        GRANT USAGE ON SCHEMA app_${tenant} TO ${role};
        ALTER TABLE app_${tenant}.__fleet_ledger OWNER TO CURRENT_USER;
        GRANT SELECT ON app_${tenant}.__fleet_ledger TO ${role}`);
    const run = () => migrateAll(context, { tenants: ["a"] });
    await expectRefusal(run(), "has no privilege to write the ledger of schema app_a", database);
    await expectRefusal(run(), "has no privilege to create objects in schema app_a", database);
    expect(byTenant(await run())).toEqual({ a: "succeeded 0001_u" });
  });

  test("a required function that was revoked from PUBLIC", async () => {
    const { database, role, context } = await setUp();
    const name = "pg_catalog.pg_logical_emit_message(boolean, text, text)";
    const [found] = await database.query<{ name: string }>(
      `SELECT oid::regprocedure::text AS name FROM pg_proc WHERE proname = 'pg_logical_emit_message'
       AND proargtypes[2] = 'text'::regtype`,
    );
    const signature = found?.name ?? name;
    await database.query(`REVOKE EXECUTE ON FUNCTION pg_catalog.${signature} FROM PUBLIC`);
    await expectRefusal(
      migrateAll(context),
      `role ${role} has no permission to execute ${signature}`,
      database,
    );
    expect(byTenant(await migrateAll(context))).toMatchObject({ a: "succeeded 0000_t" });
    await database.query(`REVOKE EXECUTE ON FUNCTION pg_catalog.${signature} FROM ${role}`);
  });

  test("a standby, and reads it but does not write to it", async () => {
    const server = await createOwnServer(54_870);
    const root = await createFolder(history("drizzle/app", table));
    const context = contextFor(root, appFleet(server.urlAt(server.port), tenants));
    await migrateAll(context);
    await writeFiles(root, history("drizzle/app", { ...table, "0001_x": "SELECT 1;" }));
    await server.becomeStandby();
    expect(await status(context, all)).toMatchObject(tenants.map(() => ({ pending: 1 })));
    const refused = { code: "config", message: expect.stringContaining("is a standby") };
    await expect(migrateAll(context)).rejects.toMatchObject(refused);
    await expect(downgradeAll(context, { count: 1 })).rejects.toMatchObject(refused);
  });

  test("an old server, together with all other problems", () => {
    const server = {
      ...{
        role: "me",
        database: "d",
        time: new Date(),
        identity: "",
        version: 140_009,
        versionText: "14.9",
      },
      ...{ standby: true, writable: true, mayCreate: true, forbidden: [], room: 1 },
    };
    const address = { name: "main", url: "postgresql://me@h/d" };
    expect(() => refuseUnusableServer(address, server)).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({
            message:
              'database "main" at h:5432/d runs PostgreSQL 14.9, but drizzle-fleet requires 15 or later',
          }),
          expect.objectContaining({
            message:
              'database "main" at h:5432/d is a standby, which is read-only (pg_is_in_recovery)',
          }),
        ],
      }),
    );
  });
});

describe("a database that is read-only by default", () => {
  test("is not changed by any verb, and read by verbs that only read", async () => {
    const { database, role, context, next } = await setUp();
    await migrateAll(context);
    await database.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
    await next({ "0001_x": `ALTER TABLE "t" ADD COLUMN "x" integer;` });
    const words = `is read-only for role ${role} (default_transaction_read_only = on)`;
    await expect(downgradeAll(context, { count: 1 })).rejects.toMatchObject({ code: "config" });
    expect(await listRollouts(context, [], 5)).toHaveLength(1);
    expect(await status(context, all)).toMatchObject(tenants.map(() => ({ pending: 1 })));
    await expectRefusal(migrateAll(context), words, database);
    expect(byTenant(await migrateAll(context))).toMatchObject({ a: "succeeded 0001_x" });
    expect(await listRollouts(context, [], 5)).toHaveLength(2);
  });

  test("accepts no new tenant", async () => {
    const { database, role, url } = await setUp();
    await database.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
    const { tenants: _, ...fleet } = appFleet(url, []);
    const project = await createProject({
      "drizzle.config.ts": configFile(fleet),
      ...history("drizzle/app", table),
    });
    const result = await runCli(project, ["tenants", "add", "acme"]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("The database is read-only");
    expect(await database.query("SELECT FROM pg_namespace WHERE nspname LIKE 'app%'")).toEqual([]);
  });

  test("ends a rollout during which it becomes read-only", async () => {
    const { database, role, context, next } = await setUp();
    await migrateAll(context);
    await next({ "0001_s": "SELECT pg_sleep(0.5);" });
    const one = { ...context, config: { ...context.config } };
    one.config.fleet = { ...context.config.fleet, concurrency: 1 };
    const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename = '${role}' AND wait_event = 'PgSleep'`;
    let change: Promise<void> | undefined;
    const result = await migrateAll(one, {}, (event) => {
      if (event.type !== "stepApplied") return;
      change ??= (async () => {
        await database.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
        // The next target's statement may not have begun yet
        await vi.waitUntil(async () => (await database.query(terminate)).length > 0);
      })();
    });
    await change;
    expect(result.stopped).toMatchObject({ kind: "server" });
    const failed = result.outcomes.find(({ status: ended }) => ended === "failed");
    expect(failed?.failure).toMatchObject({ sqlstate: "25006" });
  });
});
