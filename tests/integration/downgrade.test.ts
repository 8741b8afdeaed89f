import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import type { Context } from "../../src/fleet/context.ts";
import type { DowngradeRequest } from "../../src/operations/downgrade.ts";
import { catalogOf } from "../support/catalog.ts";
import { createDatabase, type TestDatabase, urlWith } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  downgradeAll,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { BreakingProxy } from "../support/proxy.ts";

const migrations = {
  "0000_people": `CREATE TABLE "people" ("id" serial PRIMARY KEY, "email" text, "nick" text);
INSERT INTO "people" ("email", "nick") VALUES ('a', 'x'), ('b', 'y');`,
  "0001_kind": `CREATE TYPE "public"."kind" AS ENUM ('a', 'b');
ALTER TABLE "people" ADD COLUMN "kind" "public"."kind" DEFAULT 'a' NOT NULL;`,
  "0002_nullable": `ALTER TABLE "people" DROP CONSTRAINT IF EXISTS "nick_known";
ALTER TABLE "people" ADD COLUMN "note" text;`,
};

const downs = {
  "0000_people": `DROP TABLE "public"."people";`,
  "0001_kind": `ALTER TABLE "people" DROP COLUMN "kind";\n--> statement-breakpoint\nDROP TYPE "public"."kind";`,
  "0002_nullable": `ALTER TABLE "people" DROP COLUMN "note";
--> statement-breakpoint
ALTER TABLE "people" ALTER COLUMN "nick" SET NOT NULL;
ALTER TABLE "people" ALTER COLUMN "nick" DROP NOT NULL;`,
};

function downFiles(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([tag, sql]) => [`drizzle/app/${tag}.down.sql`, sql]),
  );
}

/** A fleet at the head of these migrations, with these downs. */
async function fleetAtHead({
  tenants = ["a"],
  ups = migrations,
  back = downs,
  more = {},
}: {
  tenants?: string[];
  ups?: Files;
  back?: Files;
  more?: Partial<FleetInput>;
} = {}) {
  const database = await createDatabase();
  const root = await createFolder({ ...history("drizzle/app", ups), ...downFiles(back) });
  const context = contextFor(root, appFleet(database.url, tenants, more));
  await migrateAll(context);
  return { database, root, context };
}

async function tags(database: TestDatabase, tenant = "a"): Promise<string[]> {
  const rows = await database.query(`SELECT tag FROM app_${tenant}.__fleet_ledger ORDER BY tag`);
  return rows.map(({ tag }) => tag);
}

describe("a downgrade that some tenants' data prevents", () => {
  const tenants = Array.from({ length: 20 }, (_, index) => `t${String(index).padStart(2, "0")}`);
  const bad = ["t03", "t11", "t17"];

  async function spoiltFleet(more: Partial<FleetInput> = {}) {
    const fleet = await fleetAtHead({ tenants, more: { concurrency: 4, ...more } });
    for (const tenant of bad)
      await fleet.database.query(`UPDATE app_${tenant}.people SET nick = NULL`);
    return fleet;
  }

  test("does not change these tenants, and --failed completes them after their data is fixed", async () => {
    const { database, context } = await spoiltFleet();
    const before = await catalogOf(database, "app_t03");
    const run = await downgradeAll(context, { tag: "0001_kind" });
    expect(byTenant(run)).toEqual(
      Object.fromEntries(
        tenants.map((name) => [name, bad.includes(name) ? "failed" : "succeeded 0002_nullable"]),
      ),
    );
    for (const { failure } of run.outcomes.filter(({ status }) => status === "failed"))
      expect(failure).toMatchObject({
        sqlstate: "23502",
        tag: "0002_nullable",
        file: expect.stringMatching(/0002_nullable\.down\.sql$/),
        line: 3,
      });
    for (const tenant of bad) {
      expect(await catalogOf(database, `app_${tenant}`), tenant).toEqual(before);
      expect(await tags(database, tenant)).toEqual(Object.keys(migrations));
    }

    await database.query(`UPDATE app_t03.people SET nick = 'z'`);
    await database.query(`UPDATE app_t11.people SET nick = 'z'`);
    const retry = await downgradeAll(context, { tag: "0001_kind" }, { failed: true });
    expect(byTenant(retry)).toEqual({
      t03: "succeeded 0002_nullable",
      t11: "succeeded 0002_nullable",
      t17: "failed",
    });
    await database.query(`UPDATE app_t17.people SET nick = 'z'`);
    const rest = await downgradeAll(context, { tag: "0001_kind" }, { failed: true });
    expect(byTenant(rest)).toEqual({ t17: "succeeded 0002_nullable" });
    const expected = await catalogOf(database, "app_t00");
    for (const tenant of tenants)
      expect(await catalogOf(database, `app_${tenant}`), tenant).toEqual(expected);
    const nobody = await downgradeAll(context, { tag: "0001_kind" }, { failed: true });
    expect(nobody.outcomes).toEqual([]);
  });

  test("is finished only by the same downgrade, and is not a failure of migrate", async () => {
    const { root, context } = await spoiltFleet();
    const failed = async () => {
      const request = { failed: true };
      const { outcomes } = await downgradeAll(context, { tag: "0001_kind" }, request);
      return outcomes.map(({ target }) => target.tenant);
    };
    await downgradeAll(context, { tag: "0001_kind" });
    expect((await migrateAll(context, { failed: true })).outcomes).toEqual([]);
    expect(await failed()).toEqual(bad);
    const more = { ...migrations, "0003_more": `CREATE TABLE "more" ();` };
    await writeFiles(root, {
      ...history("drizzle/app", more),
      ...downFiles({ "0003_more": `DROP TABLE "more";` }),
    });
    await migrateAll(context, { tenants: ["t03"] });
    const elsewhere = await downgradeAll(context, { tag: "0002_nullable" }, { tenants: ["t03"] });
    expect(byTenant(elsewhere)).toEqual({ t03: "succeeded 0003_more" });
    expect(await failed()).toEqual(bad);
  });

  test("ends the rollout after a failed canary, too many failures or a failed verification", async () => {
    const { database, context } = await spoiltFleet();
    const goal = { tag: "0001_kind" };
    const first = await downgradeAll(context, goal, { canary: "t03,t04", wave: "5" });
    expect(first.stopped).toMatchObject({ kind: "canary" });
    expect(first.outcomes.filter(({ status }) => status === "notExecuted")).toHaveLength(18);
    const untouched = async () => {
      const whole: string[] = [];
      for (const tenant of tenants)
        if ((await tags(database, tenant)).length === 3) whole.push(tenant);
      return whole;
    };
    expect(await untouched()).toEqual(tenants.filter((tenant) => tenant !== "t04"));

    const request = { canary: "t00", wave: "9", maxFailures: { count: 0 }, concurrency: 1 };
    const second = await downgradeAll(context, goal, request);
    expect(second.stopped).toMatchObject({ kind: "failures" });
    expect(await untouched()).toEqual(tenants.filter((name) => !/t0[0124]/.test(name)));
    const verified = await downgradeAll(context, goal, { wave: "5", verify: "exit 3" });
    expect(verified.stopped).toMatchObject({ kind: "verify" });
    expect(await untouched()).toHaveLength(12);
  });
});

test("a downgraded fleet equals one that was never upgraded", async () => {
  const tenants = ["a", "b", "c"];
  const there = await fleetAtHead({ tenants });
  const early = await fleetAtHead({
    tenants,
    ups: { "0000_people": migrations["0000_people"] },
    back: {},
  });
  const state = async ({ database }: typeof there, tenant: string) => [
    await catalogOf(database, `app_${tenant}`),
    await database.query(
      `SELECT tag, checksum, statements, applied, applied_checksum, begun FROM app_${tenant}.__fleet_ledger ORDER BY tag`,
    ),
  ];
  const head = await state(there, "a");
  for (const goal of [{ tag: "0000_people" }, { count: 2 }]) {
    const run = await downgradeAll(there.context, goal);
    expect(byTenant(run)).toEqual(
      Object.fromEntries(tenants.map((name) => [name, "succeeded 0002_nullable,0001_kind"])),
    );
    for (const tenant of tenants)
      expect(await state(there, tenant), tenant).toEqual(await state(early, tenant));
    await migrateAll(there.context);
    expect(await state(there, "a")).toEqual(head);
  }
  await downgradeAll(there.context, { base: true });
  for (const tenant of tenants) expect(await tags(there.database, tenant)).toEqual([]);
  expect((await downgradeAll(there.context, { base: true })).outcomes).toMatchObject(
    tenants.map(() => ({ status: "skipped" })),
  );
});

test("a service with a single schema is downgraded like a tenant", async () => {
  const database = await createDatabase();
  const root = await createFolder({ ...history("drizzle/app", migrations), ...downFiles(downs) });
  const { services } = appFleet(database.url, []);
  const { tenantSchema: _, ...rest } = services.app as NonNullable<typeof services.app>;
  const single = { ...rest, singleSchema: "alone" };
  const context = contextFor(
    root,
    appFleet(database.url, [], { services: { app: single as never } }),
  );
  await migrateAll(context);
  expect(byTenant(await downgradeAll(context, { count: 2 }))).toEqual({
    app: "succeeded 0002_nullable,0001_kind",
  });
  expect(await database.query(`SELECT tag FROM alone.__fleet_ledger`)).toEqual([
    { tag: "0000_people" },
  ]);
});

describe("runners in both directions at the same time", () => {
  test("leave every tenant at the same migration, with a catalog that matches its ledger", async () => {
    const tenants = Array.from({ length: 12 }, (_, index) => `t${index}`);
    const ups = {
      ...migrations,
      "0003_index": `CREATE INDEX CONCURRENTLY "nick_x" ON "people" ("nick");`,
      "0004_table": `CREATE TABLE "late" ("id" integer);`,
    };
    const back = {
      ...downs,
      "0003_index": `DROP INDEX CONCURRENTLY "nick_x";`,
      "0004_table": `DROP TABLE "late";`,
    };
    const { database, context } = await fleetAtHead({
      tenants,
      ups,
      back,
      more: { concurrency: 3 },
    });
    // The catalog after each number of migrations. Two back from the second one is base.
    const expected = new Map<string, string[]>([["", []]]);
    for (const length of [5, 4, 3, 2, 1]) {
      await downgradeAll(context, { tag: Object.keys(ups)[length - 1] ?? "" }, { tenants: ["t0"] });
      expected.set(String(await tags(database, "t0")), await catalogOf(database, "app_t0"));
    }
    expect(expected.size).toBe(6);
    await migrateAll(context);
    for (let round = 0; round < 3; round += 1) {
      const runs = await Promise.allSettled([
        downgradeAll(context, { tag: "0000_people" }),
        migrateAll(context),
        downgradeAll(context, { count: 2 }),
        migrateAll(context),
      ]);
      for (const run of runs) {
        // The second of two directions is refused, and so is -2 while another downgrade is under way.
        if (run.status === "rejected") expect(["busy", "usage"]).toContain(run.reason.code);
        else expect(run.value.outcomes.filter(({ failure }) => failure !== undefined)).toEqual([]);
      }
      expect(
        new Set(await Promise.all(tenants.map(async (one) => String(await tags(database, one)))))
          .size,
      ).toBe(1);
      for (const tenant of tenants) {
        const catalog = expected.get(String(await tags(database, tenant)));
        expect(await catalogOf(database, `app_${tenant}`), tenant).toEqual(catalog);
      }
      expect(await database.query(invalidIndexes)).toEqual([]);
    }
    await migrateAll(context);
    for (const tenant of tenants) expect(await tags(database, tenant)).toEqual(Object.keys(ups));
  });
});

describe("downgrade -N", () => {
  test("counts once: a repeated attempt reverts no more", async () => {
    const { database, context } = await fleetAtHead({
      ups: { ...migrations, "0003_wait": `CREATE TABLE "wait" ();` },
      back: { ...downs, "0003_wait": `DROP TABLE "wait";` },
      more: { timeouts: { lock: "100ms" } },
    });
    const reader = await database.connect();
    await reader.query(`BEGIN; SELECT * FROM app_a.people`);
    // The first down is applied; the second waits for the reader, so the target is planned again.
    let retried = 0;
    const running = downgradeAll(context, { count: 2 }, {}, ({ type }) => {
      if (type !== "targetRetried") return;
      retried += 1;
      if (retried === 1) void reader.query("COMMIT");
    });
    expect(byTenant(await running)).toEqual({ a: "succeeded 0003_wait,0002_nullable" });
    expect(retried).toBeGreaterThan(0);
    expect(await tags(database)).toEqual(["0000_people", "0001_kind"]);
  });

  test("reverts one migration even if the answer to its commit is lost", async () => {
    const { database, root } = await fleetAtHead();
    const proxy = await BreakingProxy.open(Number(new URL(database.url).port));
    const url = urlWith(database.url, { port: String(proxy.port) });
    const context = contextFor(root, appFleet(url, ["a"]));
    const lost = { at: "commit", place: "answered", after: 0, share: 0, reset: true } as const;
    proxy.cutAtMessages([{ ...lost, lateMs: 0 }]);
    expect(byTenant(await downgradeAll(context, { count: 1 }))).toEqual({
      a: "succeeded 0002_nullable",
    });
    expect(proxy.cuts).toBe(1);
    expect(await tags(database)).toEqual(["0000_people", "0001_kind"]);
  });

  test("names the migration that stays, for continuing what failed", async () => {
    const { database, context } = await fleetAtHead({ tenants: ["a", "b"] });
    await database.query(`UPDATE app_b.people SET nick = NULL`);
    const run = await downgradeAll(context, { count: 1 });
    expect(byTenant(run)).toEqual({ a: "succeeded 0002_nullable", b: "failed" });
    expect(run.goal).toEqual({ tag: "0001_kind" });
    await expect(downgradeAll(context, { count: 1 }, { failed: true })).rejects.toMatchObject({
      code: "usage",
      remedy: expect.stringContaining("Name the migration to return to"),
    });
    // Repeated, it would revert one more migration of the tenants that succeeded.
    await expect(downgradeAll(context, { count: 1 })).rejects.toMatchObject({
      code: "usage",
      message: "the targets are at different migrations, so -1 would leave them at different ones",
    });
    expect(await tags(database)).toEqual(["0000_people", "0001_kind"]);
    await database.query(`UPDATE app_b.people SET nick = 'z'`);
    expect(byTenant(await downgradeAll(context, { tag: "0001_kind" }, { failed: true }))).toEqual({
      b: "succeeded 0002_nullable",
    });
  });
});

const table = `CREATE TABLE "t" ("id" integer PRIMARY KEY, "x" integer);\nINSERT INTO "t" VALUES (1, 7);`;
const invalidIndexes = `SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid`;

function ledger(database: TestDatabase) {
  return database.query(
    `SELECT tag, applied, statements, begun FROM app_a.__fleet_ledger WHERE tag <> '0000_table' ORDER BY tag`,
  );
}

/** One tenant at head, whose second migration has a down of more than one transaction. */
function withConcurrentDown(
  up: string,
  back: string,
  more: Partial<FleetInput> & { tenants?: string[] } = {},
) {
  return fleetAtHead({
    tenants: more.tenants?.map(String) ?? ["a"],
    ups: { "0000_table": table, "0001_index": up },
    back: { "0000_table": `DROP TABLE "t";`, "0001_index": back },
    more,
  });
}

describe("a down of several transactions", () => {
  const whole = { tag: "0001_index", applied: 1, statements: 1, begun: false };
  const drop = `CREATE UNIQUE INDEX CONCURRENTLY "t_x" ON "t" ("x");`;

  test("that fails at its first statement and leaves nothing is not unfinished", async () => {
    const { database, context } = await withConcurrentDown(`DROP INDEX IF EXISTS "t_x";`, drop);
    await database.query(`INSERT INTO app_a.t VALUES (2, 7)`);
    const before = await catalogOf(database, "app_a");
    const run = await downgradeAll(context, { tag: "0000_table" });
    expect(run.outcomes[0]).toMatchObject({ status: "failed", failure: { sqlstate: "23505" } });
    expect(await catalogOf(database, "app_a")).toEqual(before);
    expect(await database.query(invalidIndexes)).toEqual([]);
    expect(await ledger(database)).toEqual([whole]);
    // Going up instead is not blocked.
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped" });
    await database.query(`DELETE FROM app_a.t WHERE id = 2`);
    expect(byTenant(await downgradeAll(context, { tag: "0000_table" }))).toEqual({
      a: "succeeded 0001_index",
    });
    expect(await ledger(database)).toEqual([]);
  });

  const mixed = `CREATE TABLE "spare" ();
--> statement-breakpoint
DROP INDEX CONCURRENTLY "t_x";
--> statement-breakpoint
CREATE INDEX CONCURRENTLY "t_again" ON "t" ("x");
--> statement-breakpoint
ALTER TABLE "t" ADD COLUMN "old" integer;`;
  const indexed = `DROP TABLE IF EXISTS "spare";\nCREATE INDEX "t_x" ON "t" ("x");\nALTER TABLE "t" DROP COLUMN IF EXISTS "old";`;

  /** Terminates the backend of a downgrade while this statement waits for an older transaction. */
  async function cutOffDuring(database: TestDatabase, context: Context, statement: string) {
    const holding = statement.startsWith("DROP") ? "SELECT FROM app_a.t" : "SELECT 1";
    const older = await database.connect();
    await older.query(`BEGIN ISOLATION LEVEL REPEATABLE READ; ${holding}`);
    const running = downgradeAll(context, { count: 1 });
    const waiting = `FROM pg_stat_activity WHERE datname = current_database() AND starts_with(query, $1) AND wait_event_type = 'Lock'`;
    const find = () => database.query(`SELECT pid ${waiting}`, [statement]);
    await expect.poll(async () => (await find()).length, { timeout: 20_000 }).toBe(1);
    await database.query(`SELECT pg_terminate_backend(pid, 5000) ${waiting}`, [statement]);
    await older.query("COMMIT");
    return (await running).outcomes;
  }

  for (const [statement, applied] of [
    ["DROP INDEX CONCURRENTLY", 1],
    ["CREATE INDEX CONCURRENTLY", 2],
  ] as const) {
    test(`continues after its backend was terminated during ${statement}; until then, migrate refuses the tenant`, async () => {
      const once = { retry: { attempts: 1 } };
      const { database, root, context } = await withConcurrentDown(indexed, mixed, once);
      const [outcome] = await cutOffDuring(database, context, statement);
      expect(outcome).toMatchObject({ status: "inDoubt", applied: [] });
      const own = { tag: "0001_index.down", applied, statements: 4, begun: true };
      const forth = { ...whole, applied: 3, statements: 3 };
      expect(await ledger(database)).toEqual([forth, own]);
      expect(await database.query(invalidIndexes)).toHaveLength(1);

      const ups = { "0000_table": table, "0001_index": indexed };
      await writeFiles(
        root,
        history("drizzle/app", { ...ups, "0002_more": `CREATE TABLE "more" ();` }),
      );
      const forwards = await migrateAll(context);
      expect(forwards.outcomes[0]).toMatchObject({
        status: "failed",
        applied: [],
        failure: {
          message: "a downgrade was interrupted in the middle of 0001_index",
          remedy: "To continue it, run: npx drizzle-fleet downgrade 0000_table",
        },
      });
      // Statements after the last one begun may be corrected; those applied or begun may not.
      const edited = (from: string, to: string) =>
        writeFiles(root, downFiles({ "0001_index": mixed.replace(from, to) }));
      await edited(`"spare"`, `"other"`);
      const refused = await downgradeAll(context, { count: 1 });
      expect(refused.outcomes[0]?.failure?.message).toContain("edited after");
      expect(await ledger(database)).toEqual([forth, own]);
      await edited(`"old" integer`, `"old" bigint`);
      expect(byTenant(await downgradeAll(context, { tag: "0000_table" }))).toEqual({
        a: "succeeded 0001_index",
      });
      expect(await ledger(database)).toEqual([]);
      expect(await database.query(invalidIndexes)).toEqual([]);
      const lines = await catalogOf(database, "app_a");
      expect(lines.filter((line) => line.includes("t_x"))).toEqual([]);
      expect(lines.filter((line) => /^index .*t_again/.test(line))).toHaveLength(1);
      expect(lines.filter((line) => /old.*bigint/.test(line))).toHaveLength(1);
      expect(byTenant(await migrateAll(context, { to: "0000_table" }))).toEqual({ a: "skipped" });
    });
  }

  test("is retried within one run if attempts are left, and reverts no more", async () => {
    const { database, context } = await withConcurrentDown(indexed, mixed);
    const [outcome] = await cutOffDuring(database, context, "DROP INDEX CONCURRENTLY");
    expect(outcome).toMatchObject({ status: "succeeded", applied: ["0001_index"] });
    expect(await ledger(database)).toEqual([]);
    expect(await tags(database)).toEqual(["0000_table"]);
    expect(await database.query(invalidIndexes)).toEqual([]);
  });

  test("continues in a folder that was converted meanwhile", async () => {
    const once = { retry: { attempts: 1 } };
    const { database, root, context } = await withConcurrentDown(indexed, mixed, once);
    await cutOffDuring(database, context, "DROP INDEX CONCURRENTLY");
    await rm(join(root, "drizzle"), { recursive: true });
    await writeFiles(root, {
      "drizzle/app/20260101000000_table/migration.sql": table,
      "drizzle/app/20260101000000_table/down.sql": `DROP TABLE "t";`,
      "drizzle/app/20260102000000_index/migration.sql": indexed,
      "drizzle/app/20260102000000_index/down.sql": mixed,
    });
    const forwards = await migrateAll(context);
    expect(forwards.outcomes[0]?.failure?.remedy).toMatch(/downgrade 20260101000000_table$/);
    expect(byTenant(await downgradeAll(context, { count: 1 }))).toEqual({
      a: "succeeded 20260102000000_index",
    });
    expect(await ledger(database)).toEqual([]);
    expect(await database.query(invalidIndexes)).toEqual([]);
    expect(byTenant(await downgradeAll(context, { base: true }))).toEqual({
      a: "succeeded 20260101000000_table",
    });
    expect(await tags(database)).toEqual([]);
  });

  test("ignores a migration that failed at its first statement and left nothing to finish", async () => {
    const { database, root, context } = await withConcurrentDown(
      `CREATE INDEX "t_x" ON "t" ("x");`,
      `DROP INDEX "t_x";`,
    );
    await database.query(`INSERT INTO app_a.t VALUES (2, 7)`);
    const unique = `CREATE UNIQUE INDEX CONCURRENTLY "t_y" ON "t" ("x");`;
    const ups = { "0000_table": table, "0001_index": `CREATE INDEX "t_x" ON "t" ("x");` };
    await writeFiles(root, history("drizzle/app", { ...ups, "0002_unique": unique }));
    expect(byTenant(await migrateAll(context))).toEqual({ a: "failed" });
    expect(byTenant(await downgradeAll(context, { tag: "0000_table" }))).toEqual({
      a: "succeeded 0001_index",
    });
    expect(await ledger(database)).toEqual([]);
  });
});

describe("a downgrade is refused before any tenant is changed", () => {
  async function refusal(back: Files, goal: DowngradeRequest["goal"] = { base: true }) {
    const fleet = await fleetAtHead({ tenants: ["a", "b"], back });
    const before = [await catalogOf(fleet.database, "app_a"), await tags(fleet.database)];
    const error = await downgradeAll(fleet.context, goal).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    for (const tenant of ["a", "b"]) {
      const after = [
        await catalogOf(fleet.database, `app_${tenant}`),
        await tags(fleet.database, tenant),
      ];
      expect(after).toEqual(before);
    }
    return { ...fleet, error };
  }

  test("if a migration has no down, although others have one", async () => {
    const { "0001_kind": _, ...others } = downs;
    expect((await refusal(others)).error).toMatchObject({
      code: "down",
      message: "0001_kind has no down",
      remedy: expect.stringContaining("drizzle-fleet generate app --down"),
    });
  });

  test("if the down is marked as irreversible, with any indentation", async () => {
    for (const indent of ["", "  "]) {
      const text = `${indent}-- drizzle-fleet: irreversible the mails are sent\nSELECT 1;`;
      expect((await refusal({ ...downs, "0000_people": text })).error).toMatchObject({
        code: "down",
        message: "0000_people is irreversible: the mails are sent",
      });
    }
  });

  test("if the down has no statement, because only the ledger entry would be removed", async () => {
    for (const text of ["", "-- nothing yet\n", ";", "BEGIN;\nCOMMIT;", "/* a /* b */ c */"])
      expect((await refusal({ ...downs, "0001_kind": text })).error, text).toMatchObject({
        code: "down",
        message: "the down of 0001_kind is empty",
      });
  });

  test("if it loses data without --allow-data-loss; with it, a down without SQL removes the entry alone", async () => {
    const lossy = "-- drizzle-fleet: data-loss what the migration deleted\n";
    const { context, database, error } = await refusal({ ...downs, "0002_nullable": lossy });
    expect(error).toMatchObject({
      code: "down",
      message: expect.stringContaining("what the migration deleted"),
      remedy: expect.stringContaining("--allow-data-loss"),
    });
    const before = await catalogOf(database, "app_a");
    const consent = { allowDataLoss: true };
    expect(byTenant(await downgradeAll(context, { count: 1 }, consent))).toEqual({
      a: "succeeded 0002_nullable",
      b: "succeeded 0002_nullable",
    });
    expect(await catalogOf(database, "app_a")).toEqual(before);
    expect(await tags(database)).toEqual(["0000_people", "0001_kind"]);
  });

  test("if the down leaves the tenant, with file and line", async () => {
    const leaving = `ALTER TABLE "people" DROP COLUMN "kind";\n\nDROP TYPE "app_b"."kind";`;
    expect((await refusal({ ...downs, "0001_kind": leaving })).error).toMatchObject({
      code: "isolation",
      where: expect.stringMatching(/0001_kind\.down\.sql:3/),
      message: expect.stringContaining("app_b"),
    });
  });

  test("if the migration is unknown, with similar names", async () => {
    expect((await refusal(downs, { tag: "0001_kinds" })).error).toMatchObject({
      message: expect.stringContaining("0001_kinds"),
      remedy: expect.stringContaining("0001_kind"),
    });
  });

  test("if there are several services and none is selected", async () => {
    const { root, database } = await fleetAtHead();
    const { services } = appFleet(database.url, ["a"]);
    const other = {
      schema: "./schema",
      out: "./drizzle/app",
      database: "main",
      tenantSchema: "other_{tenant}",
    };
    const fleet = appFleet(database.url, ["a"], { services: { ...services, other } });
    const context = contextFor(root, fleet);
    await expect(downgradeAll(context, { count: 1 })).rejects.toMatchObject({
      code: "usage",
      remedy: expect.stringContaining("--service: app, other"),
    });
    expect(await tags(database)).toHaveLength(3);
    const run = await downgradeAll(context, { count: 1 }, { services: ["app"] });
    expect(byTenant(run)).toEqual({ a: "succeeded 0002_nullable" });
  });
});
