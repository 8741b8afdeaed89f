import { describe, expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import { planMigration, scriptMigration } from "../../src/operations/migrate.ts";
import { proveHistories } from "../../src/proof/prove-services.ts";
import { planText } from "../../src/report/plan.ts";
import { link } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  downgradeAll,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";

const table = `CREATE TABLE "t" ("id" integer PRIMARY KEY, "n" integer DEFAULT 0 NOT NULL, "note" text);
INSERT INTO "t" SELECT g, 0 FROM generate_series(1, 2500) AS g;`;
const batches = `-- drizzle-fleet: batch 1000 by id
UPDATE "public"."t" SET "n" = "n" + 1;`;

const quick: Partial<FleetInput> = { backfill: { pause: 0 }, retry: { attempts: 2 } };

async function withTable(more: Record<string, string>, fleet = quick, first = table) {
  const database = await createDatabase();
  const root = await createFolder(history("drizzle/app", { "0000_table": first }));
  const context = contextFor(root, appFleet(database.url, ["a"], fleet));
  await migrateAll(context);
  const write = (migrations: Record<string, string>) =>
    writeFiles(root, history("drizzle/app", { "0000_table": first, ...migrations }));
  await write(more);
  return { database, root, context, write };
}

/** How often rows were changed, and in how many transactions. */
async function changes(database: TestDatabase): Promise<string> {
  const rows = await database.query<{ text: string }>(
    `SELECT string_agg(format('%s rows: %s', rows, n), ', ' ORDER BY n) || ', in ' ||
       (SELECT count(DISTINCT xmin::text) FROM app_a.t WHERE n > 0) || ' transactions' AS text
     FROM (SELECT n, count(*) AS rows FROM app_a.t GROUP BY n) AS counts`,
  );
  return rows[0]?.text ?? "";
}

function entry(database: TestDatabase, tag = "0001_batches") {
  return database.query<{ applied: number; begun: boolean; position: string }>(
    `SELECT applied, begun, substr(applied_checksum, 66) AS position FROM app_a.__fleet_ledger WHERE tag = $1`,
    [tag],
  );
}

const advisoryLocks = `SELECT count(*)::int FROM pg_locks l JOIN pg_database d ON d.oid = l.database
  WHERE l.locktype = 'advisory' AND d.datname = current_database()`;

/** Fails the batch with this row, with an error that no retry helps against. */
const refuseRow = (id: number) =>
  `CREATE FUNCTION app_a.refuse() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN IF OLD.id = ${id} THEN RAISE EXCEPTION 'not row ${id}'; END IF; RETURN NEW; END $$;
   CREATE TRIGGER refuse BEFORE UPDATE ON app_a.t FOR EACH ROW EXECUTE FUNCTION app_a.refuse()`;
const acceptRow = `DROP TRIGGER refuse ON app_a.t; DROP FUNCTION app_a.refuse()`;

describe("a statement in batches", () => {
  test("changes each row once, in several transactions, and leaves no lock", async () => {
    const { database, context } = await withTable({
      "0001_batches": `UPDATE "t" SET "note" = 'before';\n${batches}\nUPDATE "t" SET "note" = "note" || ', after' WHERE "id" = 1;`,
    });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_batches" });
    // The last statement has changed row 1 again.
    expect(await changes(database)).toBe("2500 rows: 1, in 4 transactions");
    expect(await database.query(`SELECT note FROM app_a.t WHERE id < 3 ORDER BY id`)).toEqual([
      { note: "before, after" },
      { note: "before" },
    ]);
    expect(await entry(database)).toEqual([{ applied: 3, begun: false, position: "" }]);
    expect(await database.query(advisoryLocks)).toEqual([{ count: 0 }]);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped" });
  });

  test("continues after its last batch when the cause of a failure is fixed", async () => {
    const { database, context, write } = await withTable({ "0001_batches": batches });
    await database.query(refuseRow(2100));
    const { outcomes } = await migrateAll(context);
    expect(outcomes[0]).toMatchObject({
      status: "failed",
      batches: { tag: "0001_batches", batches: 2, rows: 2000 },
      failure: { message: "not row 2100", line: 2, statement: expect.stringContaining("UPDATE") },
    });
    expect(outcomes[0]?.failure?.remedy).toMatch(
      /^Batches of statement 1 are committed, up to row 2000; the next run continues after them\./,
    );
    expect(await changes(database)).toBe("500 rows: 0, 2000 rows: 1, in 2 transactions");
    expect(await entry(database)).toEqual([
      {
        applied: 0,
        begun: true,
        position: `{"by":["id"],"after":["2000"],"batches":2,"rows":2000}`,
      },
    ]);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "failed" });
    const plan = await planMigration(context, { services: [], tenants: [], databases: [] });
    expect(planText(plan)).toContain("0001_batches (continues after 2000 rows)");

    await database.query(acceptRow);
    // The size may change meanwhile, but not the key.
    await write({ "0001_batches": batches.replace("1000", "100") });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_batches" });
    expect(await changes(database)).toBe("2500 rows: 1, in 7 transactions");
  });

  test.each([
    ["the key", batches.replace("by id", "by (note, id)"), "its mark was edited since"],
    ["the mark", batches.replace(/^.*\n/, ""), "its mark was edited since"],
    ["the statement", batches.replace("+ 1", "+ 2"), "was edited after it had started to run"],
  ])("is refused when %s was edited after the first batch", async (_, text, message) => {
    const { database, context, write } = await withTable({ "0001_batches": batches });
    await database.query(refuseRow(2100));
    await migrateAll(context);
    await database.query(acceptRow);
    await write({ "0001_batches": text });
    const { outcomes } = await migrateAll(context);
    expect(outcomes[0]).toMatchObject({ status: "failed", failure: { retryable: false } });
    expect(outcomes[0]?.failure?.message).toContain(message);
    expect(await changes(database)).toBe("500 rows: 0, 2000 rows: 1, in 2 transactions");
  });

  test("stops between two batches when the rollout is interrupted, and continues", async () => {
    const { database, context } = await withTable(
      { "0001_batches": batches.replace("1000", "100") },
      { ...quick, backfill: { pause: 200 } },
    );
    const interrupt = new AbortController();
    const run = migrateAll({ ...context, signal: interrupt.signal });
    await expect.poll(() => entry(database), { timeout: 10_000 }).toHaveLength(1);
    interrupt.abort();
    const { outcomes, stopped } = await run;
    expect(stopped?.kind).toBe("interrupted");
    expect(outcomes[0]).toMatchObject({ status: "notExecuted", batches: { tag: "0001_batches" } });
    expect(outcomes[0]?.failure).toBeUndefined();
    const { rows = 0 } = outcomes[0]?.batches ?? {};
    expect(rows).toBeLessThan(2500);
    expect(await changes(database)).toContain(`${rows} rows: 1`);
    expect(await database.query(advisoryLocks)).toEqual([{ count: 0 }]);
    const fast = { ...context, config: { ...context.config, fleet: { ...context.config.fleet } } };
    Object.assign(fast.config.fleet, { backfill: { pause: 0, maxReplicaLag: 0 } });
    expect(byTenant(await migrateAll(fast))).toEqual({ a: "succeeded 0001_batches" });
    expect(await changes(database)).toBe("2500 rows: 1, in 25 transactions");
  });

  test("is run by one of several runners at a time", async () => {
    const { database, context } = await withTable({
      "0001_batches": batches.replace("1000", "20"),
    });
    const runs = await Promise.all(Array.from({ length: 3 }, () => migrateAll(context)));
    const statuses = runs.flatMap(({ outcomes }) => outcomes.map(({ status }) => status));
    expect(statuses.filter((status) => status === "succeeded").length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status === "failed")).toEqual([]);
    expect(await changes(database)).toBe("2500 rows: 1, in 125 transactions");
  });

  test("is retried after a lock timeout in each batch: no attempt counts after a batch", async () => {
    const { database, context } = await withTable(
      { "0001_batches": batches.replace("1000", "250") },
      { ...quick, retry: { attempts: 2, minDelay: 1, maxDelay: 1 } },
    );
    // A sequence is not rolled back: the first attempt of each batch fails.
    await database.query(
      `CREATE SEQUENCE app_a.tries;
       CREATE FUNCTION app_a.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF OLD.id % 250 = 1 AND nextval('app_a.tries') % 2 = 1 THEN
           RAISE EXCEPTION 'locked' USING ERRCODE = '55P03'; END IF; RETURN NEW; END $$;
       CREATE TRIGGER fail BEFORE UPDATE ON app_a.t FOR EACH ROW EXECUTE FUNCTION app_a.fail()`,
    );
    const { outcomes, events } = await migrateAll(context);
    expect(outcomes.map(({ status }) => status)).toEqual(["succeeded"]);
    expect(events.filter(({ type }) => type === "targetRetried")).toHaveLength(10);
    expect(await changes(database)).toBe("2500 rows: 1, in 10 transactions");
  });

  test("cannot be in a script for psql", async () => {
    const { context } = await withTable({ "0001_batches": `UPDATE "t" SET "n" = 0;\n${batches}` });
    const written: string[] = [];
    const script = scriptMigration(
      context,
      { services: [], tenants: [], databases: [] },
      { write: (text) => void written.push(text) },
    );
    await expect(script).rejects.toMatchObject({
      code: "refused",
      message: "a script for psql cannot run a statement in batches",
      where: expect.stringMatching(/0001_batches\.sql:3$/),
    });
    expect(written).toEqual([]);
  });

  test("covers rows that are inserted meanwhile after its last key", async () => {
    const { database, context } = await withTable({ "0001_batches": batches });
    await database.query(
      `CREATE FUNCTION app_a.grow() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN IF OLD.id = 900 THEN INSERT INTO app_a.t SELECT g, 0 FROM generate_series(2501, 3500) g; END IF; RETURN NEW; END $$;
       CREATE TRIGGER grow BEFORE UPDATE ON app_a.t FOR EACH ROW EXECUTE FUNCTION app_a.grow()`,
    );
    await migrateAll(context);
    expect(await changes(database)).toBe("3500 rows: 1, in 4 transactions");
  });

  test("can be a part of a down, which continues, too", async () => {
    const { database, context, write, root } = await withTable({ "0001_batches": batches });
    await write({ "0001_batches": batches });
    const down = batches.replace("+ 1", "- 1");
    await writeFiles(root, { "drizzle/app/0001_batches.down.sql": down });
    await migrateAll(context);
    await database.query(refuseRow(2100));
    expect(byTenant(await downgradeAll(context, { count: 1 }))).toEqual({ a: "failed" });
    expect(await changes(database)).toBe("2000 rows: 0, 500 rows: 1, in 1 transactions");
    await database.query(acceptRow);
    expect(byTenant(await downgradeAll(context, { count: 1 }))).toEqual({
      a: "succeeded 0001_batches",
    });
    expect(await changes(database)).toContain("2500 rows: 0");
    expect(await entry(database)).toEqual([]);
  });

  test("deletes rows, with an alias, other tables and conditions", async () => {
    const { database, context } = await withTable({
      "0001_batches": `CREATE TABLE "gone" ("id" integer);
INSERT INTO "gone" VALUES (7), (1500), (2400);
/* as text: */ -- drizzle-fleet: batch no
-- drizzle-fleet: batch 600 by "id"
DELETE FROM ONLY "public"."t" AS "old" USING "gone" "id" WHERE "old"."id" = "id"."id" OR "old"."id" = 3 -- all of them
`,
    });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_batches" });
    expect(
      await database.query(
        `SELECT g FROM generate_series(1, 2500) g WHERE NOT EXISTS (SELECT FROM app_a.t WHERE id = g)`,
      ),
    ).toEqual([{ g: 3 }, { g: 7 }, { g: 1500 }, { g: 2400 }]);
  });
});

describe("the key of batches", () => {
  test.each([
    ["bigint", "g * 1000000000000"],
    ["text", `'it''s \\ ' || chr(64 + g % 60) || g`],
    ['text COLLATE "de-DE-x-icu"', `chr(64 + g % 60) || chr(228) || g`],
    ["uuid", "md5(g::text)::uuid"],
    ["numeric", "g / 7.0"],
    ["double precision", "g / 7.0::float8"],
    ["date", "date '2020-01-31' + g"],
    ["timestamp", "timestamp '2020-01-31 12:00' + g * interval '1 day 1 us'"],
    ["timestamptz", "timestamptz '2020-01-31 12:00+05' + g * interval '1 day 1 us'"],
    ["bytea", "sha256(g::text::bytea)"],
    ["char(12)", "g::text"],
  ])("can be of type %s", async (type, value) => {
    const first = `CREATE TABLE "t" ("the ""Key" ${type} PRIMARY KEY, "n" integer DEFAULT 0 NOT NULL);
INSERT INTO "t" SELECT ${value}, 0 FROM generate_series(1, 50) AS g;`;
    const text = `-- drizzle-fleet: batch 7 by "the ""Key"\nUPDATE t SET n = n + 1`;
    const { database, context } = await withTable({ "0001_batches": text }, quick, first);
    // Of this database only: other tests run as the same role.
    await database.query(
      `DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET datestyle = %L', current_database(), 'SQL, DMY'); END$$`,
    );
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_batches" });
    expect(await changes(database)).toBe("50 rows: 1, in 8 transactions");
  });

  test("can have several columns, and the table partitions", async () => {
    const first = `CREATE TYPE "kind" AS ENUM ('b', 'a');
CREATE TABLE "t" ("kind" "kind", "id" integer, "n" integer DEFAULT 0 NOT NULL, PRIMARY KEY ("kind", "id")) PARTITION BY LIST ("kind");
CREATE TABLE "t_a" PARTITION OF "t" FOR VALUES IN ('a');
CREATE TABLE "t_b" PARTITION OF "t" FOR VALUES IN ('b');
INSERT INTO "t" SELECT k, g, 0 FROM generate_series(1, 50) AS g, unnest(ARRAY['a', 'b']::"kind"[]) AS k;`;
    const text = `-- drizzle-fleet: batch 30 by (kind, id)\nUPDATE t SET n = n + 1 WHERE true OR false`;
    const { database, context } = await withTable({ "0001_batches": text }, quick, first);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_batches" });
    expect(await changes(database)).toBe("100 rows: 1, in 4 transactions");
  });

  test.each([
    ["by missing", `column "missing" of table "t", which the batches go by, does not exist`],
    ["by note", `column "note" of table "t", which the batches go by, can be null`],
    ["by n", `the batches go by (n) of table "t", but no unique index has these columns`],
    ["by id, n", `the batches go by (id, n) of table "t", but no unique index has these columns`],
  ])("is refused: %s", async (by, message) => {
    const text = batches.replace("by id", by).replace('"n" = "n" + 1', `"other" = 1`);
    const { database, context, root } = await withTable({
      "0001_batches": `ALTER TABLE "t" ADD "other" integer;\n${text}`,
    });
    const { outcomes } = await migrateAll(context);
    expect(outcomes[0]?.failure).toMatchObject({
      retryable: false,
      line: 3,
      hint: "Its primary key is: id",
    });
    expect(outcomes[0]?.failure?.message).toContain(message);
    expect(await entry(database)).toMatchObject([{ applied: 1, begun: false }]);
    // The proof in a scratch schema finds it, too.
    await link(root);
    const found = await proveHistories(context, [], database.url);
    expect(found.map(({ problem }) => problem.message).join()).toContain(message);
  });
});
