import { describe, expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import type { TestDatabase } from "../support/database.ts";
import { byTenant, migrateAll } from "../support/fleet.ts";
import { createFleet } from "../support/small-fleet.ts";

const tenants = Array.from({ length: 40 }, (_, index) => `t${String(index).padStart(2, "0")}`);
const first = { "0000_people": `CREATE TABLE "people" ("id" integer PRIMARY KEY);` };
const tag = "0001_name";
const second = {
  ...first,
  [tag]: `ALTER TABLE "people" ADD COLUMN "age" integer;\n--> statement-breakpoint\nALTER TABLE "people" ADD COLUMN "name" text;\n`,
};

/** Forty tenants with one pending migration that only defines columns, so that several are under way on a connection. */
function createPendingFleet(settings: Partial<FleetInput> = {}) {
  const all = { concurrency: 1, targetsPerConnection: 4, ...settings };
  return createFleet({ tenants, migrations: first, pending: second, settings: all });
}

/** The tenants whose table has a column. */
async function tenantsWith(database: TestDatabase, column: string): Promise<string[]> {
  const rows = await database.query<{ schema: string }>(
    `SELECT table_schema AS schema FROM information_schema.columns WHERE column_name = $1 AND table_schema LIKE 'app%' ORDER BY 1`,
    [column],
  );
  return rows.map(({ schema }) => schema.replace("app_", ""));
}

async function expectSealed(database: TestDatabase): Promise<void> {
  const seals = new Map<string, number>();
  for (const tenant of tenants) {
    const [row] = await database.query<{ entries: number; seal: string }>(
      `SELECT count(*)::integer AS entries, (SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgrelid = 'app_${tenant}.__fleet_ledger'::regclass AND tgname = '__fleet_ledger_edited') AS seal
       FROM app_${tenant}.__fleet_ledger`,
    );
    seals.set(row?.seal ?? "none", row?.entries ?? 0);
  }
  // One seal for each number of entries.
  expect([...seals.values()].sort()).toEqual([...new Set(seals.values())].sort());
  expect(seals.has("none")).toBe(false);
}

describe("targets under way on one connection", () => {
  test("a target that fails touches no other, and its statement is named", async () => {
    const { database, context } = await createPendingFleet();
    for (const tenant of ["t03", "t10", "t11", "t39"])
      await database.query(`ALTER TABLE app_${tenant}.people ADD COLUMN name text`);
    const result = await migrateAll(context);
    const failed = result.outcomes.filter(({ status }) => status === "failed");
    expect(failed.map(({ target }) => target.tenant)).toEqual(["t03", "t10", "t11", "t39"]);
    for (const { failure } of failed)
      expect(failure).toMatchObject({ sqlstate: "42701", line: 3, tag });
    expect(
      Object.values(byTenant(result)).filter((one) => one === `succeeded ${tag}`),
    ).toHaveLength(36);
    expect(await tenantsWith(database, "age")).toEqual(
      tenants.filter((tenant) => !["t03", "t10", "t11", "t39"].includes(tenant)),
    );
    await expectSealed(database);
    const ofTarget = (type: string) =>
      result.events.flatMap((event) =>
        event.type === type && "target" in event ? [event.target.tenant] : [],
      );
    // A target that was sent again was started once, and its failure is no failed attempt of another.
    expect(ofTarget("targetStarted").toSorted()).toEqual(tenants);
    expect(ofTarget("targetRetried")).toEqual([]);
    expect(ofTarget("stepApplied")).toHaveLength(36);
  });

  test("no target is changed after the one that stops the rollout", async () => {
    const { database, context } = await createPendingFleet();
    await database.query("ALTER TABLE app_t10.people ADD COLUMN name text");
    const result = await migrateAll(context, { maxFailures: { count: 0 } });
    const changed = await tenantsWith(database, "age");
    expect(changed).toEqual(tenants.slice(0, 10));
    expect(result.outcomes.filter(({ status }) => status === "notExecuted")).toHaveLength(29);
  });

  test("a cancelled target is rolled back, and none sent after it is run", async () => {
    const { database, context } = await createPendingFleet({
      timeouts: { lock: "1m", statement: "1m" },
    });
    const blocker = await database.connect();
    await blocker.query("BEGIN; LOCK TABLE app_t12.people");
    const [stop, cancel] = [new AbortController(), new AbortController()];
    const running = migrateAll({ ...context, signal: stop.signal, cancel: cancel.signal });
    const waits = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    while ((await database.query(waits)).length === 0);
    stop.abort();
    cancel.abort();
    const result = byTenant(await running);
    expect(result.t11).toBe(`succeeded ${tag}`);
    expect(result.t12).toBe("failed");
    expect(tenants.slice(13).map((tenant) => result[tenant])).toEqual(
      tenants.slice(13).map(() => "notExecuted"),
    );
    expect(await tenantsWith(database, "age")).toEqual(tenants.slice(0, 12));
    await blocker.query("ROLLBACK");
  });

  test("a target that waits for a lock is tried again, as are those sent after it", async () => {
    const { database, context } = await createPendingFleet({ timeouts: { lock: "100ms" } });
    const blocker = await database.connect();
    await blocker.query("BEGIN; LOCK TABLE app_t20.people");
    const result = await migrateAll(context, {}, ({ type }) => {
      if (type === "targetRetried") void blocker.query("ROLLBACK");
    });
    expect(new Set(Object.values(byTenant(result)))).toEqual(new Set([`succeeded ${tag}`]));
    expect(await tenantsWith(database, "age")).toEqual(tenants);
    await expectSealed(database);
  });

  test("a statement with a parameter fails at its line, and is not tried again", async () => {
    const { context } = await createFleet({
      migrations: { "0000_rows": `CREATE TABLE "t" ("a" integer);\nINSERT INTO "t" VALUES ($1);` },
    });
    const result = await migrateAll(context);
    expect(byTenant(result)).toEqual({ a: "failed" });
    expect(result.outcomes[0]?.failure).toMatchObject({ line: 2, tag: "0000_rows" });
    expect(result.events.some(({ type }) => type === "targetRetried")).toBe(false);
  });

  test("a plain migration after one of several transactions is not taken for one that another runner changed", async () => {
    const migrations = {
      ...first,
      "0001_index": `CREATE INDEX CONCURRENTLY "people_id" ON "people" ("id");`,
      "0002_name": `ALTER TABLE "people" ADD COLUMN "name" text;`,
    };
    const { database, context } = await createFleet({ migrations });
    const result = await migrateAll(context);
    expect(byTenant(result)).toEqual({ a: "succeeded 0000_people,0001_index,0002_name" });
    expect(result.events.some(({ type }) => type === "targetRetried")).toBe(false);
    expect(await tenantsWith(database, "name")).toEqual(["a"]);
  });
});
