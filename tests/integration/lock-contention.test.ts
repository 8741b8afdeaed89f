import { describe, expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import { lockKey } from "../../src/postgres/lock.ts";
import { migrateText } from "../../src/report/migrate.ts";
import { createDatabase, createRole } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { later } from "../support/later.ts";
import { createOwnServer } from "../support/own-server.ts";
import { createFleet } from "../support/small-fleet.ts";

const first = { "0000_users": `CREATE TABLE "users" ("id" integer PRIMARY KEY);` };
const second = { ...first, "0001_name": `ALTER TABLE "users" ADD COLUMN "name" text;` };
const concurrently = {
  ...first,
  "0001_index": `CREATE INDEX CONCURRENTLY "users_id" ON "users" ("id");`,
};

/** Three tenants at the first migration, with `pending` to run. The lock timeout is 200 ms. */
function createPendingFleet(pending: Files, more: Partial<FleetInput> = {}) {
  const settings = { timeouts: { lock: "200ms" }, ...more };
  return createFleet({ tenants: ["a", "b", "c"], migrations: first, pending, settings });
}

describe("a table that another session has locked", () => {
  test("for some seconds: the migration succeeds after retries, and no other target waits", async () => {
    const { database, context } = await createPendingFleet(second);
    const blocker = await database.connect();
    await blocker.query(`BEGIN; LOCK TABLE app_b.users IN ACCESS EXCLUSIVE MODE`);
    later(3_000, () => blocker.query("COMMIT"));
    const startedAt = performance.now();
    const result = await migrateAll(context);
    expect(performance.now() - startedAt).toBeGreaterThan(2_500);
    expect(byTenant(result)).toEqual({
      a: "succeeded 0001_name",
      b: "succeeded 0001_name",
      c: "succeeded 0001_name",
    });
    const retries = result.events.filter((event) => event.type === "targetRetried");
    expect(retries.length).toBeGreaterThanOrEqual(3);
    expect(new Set(retries.map(({ target }) => target.tenant))).toEqual(new Set(["b"]));
    const ended = result.events.flatMap((event) =>
      event.type === "targetEnded" ? (event.outcome.target.tenant ?? "") : [],
    );
    expect(ended.at(-1)).toBe("b");
    // The first delays are short, and none exceeds the maximum.
    expect(retries[0]?.delayMs).toBeLessThanOrEqual(50);
    expect(Math.max(...retries.map(({ delayMs }) => delayMs))).toBeLessThanOrEqual(5_000);
  });

  test("permanently: that tenant fails with the holder named, the others succeed", async () => {
    const { database, context } = await createPendingFleet(second, {
      retry: { attempts: 3, minDelay: "20ms" },
    });
    const blocker = await database.connect();
    await blocker.query(`SET application_name = 'night report'`);
    await blocker.query(
      `BEGIN; SELECT count(*) FROM app_b.users; LOCK TABLE app_b.users IN SHARE MODE`,
    );
    const [{ pid } = { pid: 0 }] = (
      await blocker.query<{ pid: number }>("SELECT pg_backend_pid() AS pid, 'hunter2'")
    ).rows;
    const result = await migrateAll(context);
    expect(byTenant(result)).toEqual({
      a: "succeeded 0001_name",
      b: "failed",
      c: "succeeded 0001_name",
    });
    const failure = result.outcomes[1]?.failure;
    expect(failure).toMatchObject({ sqlstate: "55P03", tag: "0001_name", line: 1 });
    expect(failure?.holders).toEqual([
      {
        pid,
        user: "postgres",
        application: "night report",
        query: "SELECT pg_backend_pid() AS pid, '...'",
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        holds: "AccessShareLock on users, ShareLock on users",
      },
    ]);
    expect(migrateText(result)).toContain(
      `held by pid ${pid} (night report, user postgres) since `,
    );
    const events = result.events.filter((event) => event.type === "targetRetried");
    expect(events[0]?.holders?.[0]).toMatchObject({ pid });
  });

  test("an old transaction that CREATE INDEX CONCURRENTLY waits for is named", async () => {
    const { database, context } = await createPendingFleet(concurrently, {
      timeouts: { concurrently: "2s" },
      retry: { attempts: 1 },
      concurrency: 1,
    });
    const blocker = await database.connect();
    await blocker.query(`BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'backup'`);
    const result = await migrateAll(context, { tenants: ["a"] });
    expect(byTenant(result)).toEqual({ a: "failed" });
    expect(result.outcomes[0]?.failure?.holders).toMatchObject([
      {
        query: expect.stringContaining("SELECT '...'"),
        holds: "a transaction that it waits for",
      },
    ]);
    expect(await database.query(`SELECT FROM pg_index WHERE NOT indisvalid`)).toEqual([]);
    await blocker.query("COMMIT");
    expect(byTenant(await migrateAll(context, { tenants: ["a"] }))).toEqual({
      a: "succeeded 0001_index",
    });
  });
});

test("a lock of a role whose sessions cannot be inspected fails its target only", async () => {
  const database = await createDatabase();
  const { url } = await createRole(database);
  const root = await createFolder(history("drizzle/app", first));
  const more = {
    timeouts: { lock: "100ms" },
    retry: { attempts: 2, minDelay: "10ms" },
    concurrency: 1,
  };
  const context = contextFor(root, appFleet(url, ["a", "b", "c"], more));
  await migrateAll(context);
  await writeFiles(root, history("drizzle/app", second));
  // A superuser's session: an ordinary role sees neither its start time nor its query.
  const blocker = await database.connect();
  await blocker.query(`BEGIN; LOCK TABLE app_b.users`);
  const result = await migrateAll(context);
  expect(byTenant(result)).toEqual({
    a: "succeeded 0001_name",
    b: "failed",
    c: "succeeded 0001_name",
  });
  expect(result.outcomes[1]?.failure?.holders).toMatchObject([
    { user: "postgres", query: "<insufficient privilege>", holds: "AccessExclusiveLock on users" },
  ]);
  await blocker.query("ROLLBACK");
});

test("a locked ledger delays only its own target", async () => {
  const { database, context } = await createPendingFleet(second);
  const blocker = await database.connect();
  await blocker.query(`BEGIN; LOCK TABLE app_b.__fleet_ledger`);
  const result = await migrateAll(context);
  expect(byTenant(result)).toEqual({
    a: "succeeded 0001_name",
    b: "failed",
    c: "succeeded 0001_name",
  });
  expect(result.outcomes[1]?.failure?.message).toContain("is locked by another session");
  await blocker.query("ROLLBACK");
  expect(byTenant(await migrateAll(context, { failed: true }))).toEqual({
    b: "succeeded 0001_name",
  });
});

test("a rollout completes although a ledger and the outcomes are locked from its first step on", async () => {
  const { database, context } = await createPendingFleet(second, { concurrency: 1 });
  const blocker = await database.connect();
  const notes: string[] = [];
  const notify = (line: string) => void notes.push(line);
  const result = await migrateAll({ ...context, notify }, {}, (event) => {
    // From the first step on, the tables that a flush and the recorder could touch stay locked.
    if (event.type !== "stepApplied" || event.target.tenant !== "a") return;
    void blocker.query(
      `BEGIN; LOCK TABLE app_a.__fleet_ledger IN SHARE MODE; LOCK TABLE drizzle_fleet.outcomes`,
    );
  });
  expect(byTenant(result)).toEqual({
    a: "succeeded 0001_name",
    b: "succeeded 0001_name",
    c: "succeeded 0001_name",
  });
  expect(notes.join()).toContain("cannot be recorded in database main (no answer for 10 s)");
  await blocker.query("ROLLBACK");
});

test("a target that another runner holds is postponed, and the holder is named if it takes long", async () => {
  const { database, context } = await createPendingFleet(second);
  const other = await database.connect();
  await other.query(`SET application_name = 'other runner'`);
  await other.query(`SELECT pg_advisory_lock(${lockKey("app_a")})`);
  later(2_500, () => other.query(`SELECT pg_advisory_unlock_all()`));
  const result = await migrateAll(context);
  expect(byTenant(result)).toEqual({
    a: "succeeded 0001_name",
    b: "succeeded 0001_name",
    c: "succeeded 0001_name",
  });
  const retries = result.events.filter((event) => event.type === "targetRetried");
  expect(retries.every(({ target }) => target.tenant === "a")).toBe(true);
  expect(retries.at(-1)?.holders).toMatchObject([
    { application: "other runner", holds: "the lock of this target" },
  ]);
});

describe("a table of a shared schema", () => {
  const reference = {
    ...first,
    "0001_country": `ALTER TABLE "users" ADD COLUMN "country" integer;
--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "country" FOREIGN KEY ("country") REFERENCES "shared"."countries" ("id");
--> statement-breakpoint
SELECT pg_sleep(0.7);`,
  };
  const tenants = Array.from({ length: 8 }, (_, index) => `t${index}`);

  async function createShared(more: object) {
    const database = await createDatabase();
    await database.query(
      `CREATE SCHEMA shared; CREATE TABLE shared.countries (id integer PRIMARY KEY)`,
    );
    const root = await createFolder(history("drizzle/app", first));
    const fleet = appFleet(database.url, tenants, { timeouts: { lock: "200ms" }, ...more });
    const services = { app: { ...fleet.services.app, sharedSchemas: ["shared"] } };
    const context = contextFor(root, { ...fleet, services } as typeof fleet);
    await migrateAll(context);
    await writeFiles(root, history("drizzle/app", reference));
    return { database, context };
  }

  test("that other targets of the rollout hold is waited for without using up attempts", async () => {
    const retry = { attempts: 5, minDelay: "20ms", maxDelay: "50ms" };
    const { context } = await createShared({ concurrency: 4, retry });
    const result = await migrateAll(context);
    expect(result.outcomes.map(({ status }) => status)).toEqual(Array(8).fill("succeeded"));
    const waits = result.events.filter(
      (event) => event.type === "targetRetried" && event.waitFor === "rollout",
    );
    expect(waits.length).toBeGreaterThan(retry.attempts);
    expect(waits[0]).toMatchObject({
      reason: expect.stringMatching(/^waits for app\/t\d, which this rollout is migrating$/),
    });
    expect(JSON.stringify(waits)).toContain("ShareRowExclusiveLock on shared.countries");
  });

  test("whose privileges several targets change at the same time does not fail any of them", async () => {
    const { database, context } = await createShared({ concurrency: 8 });
    const [{ role } = { role: "" }] = await database.query(`SELECT current_user AS role`);
    const grants = Array(5).fill(`GRANT SELECT ON "shared"."countries" TO "${role}";`);
    const migrations = { ...first, "0001_grant": grants.join("\n") };
    await writeFiles(context.config.root, history("drizzle/app", migrations));
    const { outcomes } = await migrateAll(context);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(8).fill("succeeded"));
  });

  test("that another session holds fails the target, and the holder is named", async () => {
    const retry = { attempts: 2, minDelay: "20ms" };
    const { database, context } = await createShared({ concurrency: 1, retry });
    const blocker = await database.connect();
    await blocker.query(`BEGIN; INSERT INTO shared.countries VALUES (1)`);
    const { outcomes } = await migrateAll(context, { tenants: ["t0"] });
    expect(outcomes).toMatchObject([
      {
        status: "failed",
        failure: {
          sqlstate: "55P03",
          holders: [{ application: "test", holds: expect.stringContaining("on shared.countries") }],
        },
      },
    ]);
  });
});

test("a prepared transaction that holds a lock is named, with the statement that ends it", async () => {
  const server = await createOwnServer(54_385);
  await server.use((database) => database.query(`ALTER SYSTEM SET max_prepared_transactions = 2`));
  await server.restart();
  const root = await createFolder(history("drizzle/app", first));
  const retry = { attempts: 1 };
  const more = { timeouts: { lock: "100ms" }, retry, concurrency: 1 };
  const context = contextFor(root, appFleet(server.urlAt(server.port), ["a"], more));
  await migrateAll(context);
  await writeFiles(root, history("drizzle/app", second));
  const [gid, undo] = ["forgotten", "ROLLBACK PREPARED 'forgotten'"];
  await server.use((database) =>
    database.query(`BEGIN; INSERT INTO app_a.users VALUES (1); PREPARE TRANSACTION '${gid}'`),
  );
  const result = await migrateAll(context);
  expect(result.outcomes[0]?.failure?.holders).toEqual([
    {
      ...{ pid: 0, gid, user: "postgres", application: "", since: expect.any(String) },
      query: "to end it: COMMIT PREPARED 'forgotten', or ROLLBACK PREPARED",
      holds: "RowExclusiveLock on users",
    },
  ]);
  expect(migrateText(result)).toContain("held by prepared transaction forgotten (user postgres)");
  await server.use((database) => database.query(undo));
  expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_name" });
});
