import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { status } from "../../src/operations/status.ts";
import { statusText } from "../../src/report/status.ts";
import { catalogOf } from "../support/catalog.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { checksumOf, markBegun, statementsOf } from "../support/ledger.ts";

const table = `CREATE TABLE "t" ("id" integer PRIMARY KEY, "x" integer);`;
const concurrent = `ALTER TABLE "t" ADD COLUMN "y" integer;
--> statement-breakpoint
CREATE UNIQUE INDEX CONCURRENTLY "t_x" ON "t" ("x");
--> statement-breakpoint
ALTER TABLE "t" ADD COLUMN "z" integer;`;

async function withTable(more: Record<string, string>) {
  const database = await createDatabase();
  const root = await createFolder(history("drizzle/app", { "0000_table": table }));
  const context = contextFor(root, appFleet(database.url, ["a"]));
  await migrateAll(context);
  await writeFiles(root, history("drizzle/app", { "0000_table": table, ...more }));
  return { database, root, context };
}

const advisoryLocks = `SELECT count(*)::int FROM pg_locks l JOIN pg_database d ON d.oid = l.database
  WHERE l.locktype = 'advisory' AND d.datname = current_database()`;

function ledger(database: TestDatabase) {
  return database.query(`SELECT tag, applied, statements FROM app_a.__fleet_ledger ORDER BY tag`);
}

const invalidIndexes = `SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid`;

function indexes(database: TestDatabase) {
  return database.query(
    `SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.relnamespace = 'app_a'::regnamespace AND c.relname = 't_x'`,
  );
}

describe("statements that cannot run in a transaction", () => {
  test("run alone, between the statements around them", async () => {
    const { database, context } = await withTable({ "0001_index": concurrent });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
    expect(await ledger(database)).toEqual([
      { tag: "0000_table", applied: 1, statements: 1 },
      { tag: "0001_index", applied: 3, statements: 3 },
    ]);
    expect(await indexes(database)).toEqual([{ relname: "t_x", indisvalid: true }]);
    expect(await database.query(advisoryLocks)).toEqual([{ count: 0 }]);
  });

  test("continue after the cause of a failed build is fixed, and leave no invalid index", async () => {
    const { database, context } = await withTable({ "0001_index": concurrent });
    await database.query(`INSERT INTO app_a.t VALUES (1, 7), (2, 7)`);
    const failed = await migrateAll(context);
    expect(failed.outcomes[0]).toMatchObject({
      status: "failed",
      failure: { sqlstate: "23505", line: 3 },
    });
    const statuses = await status(context, { services: [], tenants: [], databases: [] });
    expect(statuses[0]).toMatchObject({ current: "0000_table", pending: 1 });
    expect(statusText(statuses)).toContain("partly applied: 0001_index");
    expect(failed.outcomes[0]?.failure?.remedy).toContain("The first of 3 statements is committed");
    expect(await indexes(database)).toEqual([]);
    expect(await ledger(database)).toContainEqual({ tag: "0001_index", applied: 1, statements: 3 });

    await database.query(`DELETE FROM app_a.t WHERE id = 2`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
    expect(await indexes(database)).toEqual([{ relname: "t_x", indisvalid: true }]);
    expect(await ledger(database)).toContainEqual({ tag: "0001_index", applied: 3, statements: 3 });
  });

  test("do not build a finished index again after the runner died, and build an invalid one again", async () => {
    const { database, context } = await withTable({ "0001_index": concurrent });
    await database.query(`INSERT INTO app_a.t VALUES (1, 7), (2, 7)`);
    await migrateAll(context);
    await database.query(`DELETE FROM app_a.t WHERE id = 2`);
    // As if the build had ended and its runner had died before it could record that.
    const begun = concurrent.split(";").slice(0, 2).join(";");
    await markBegun(database, "app_a", "0001_index", begun);
    await database.query(`CREATE UNIQUE INDEX t_x ON app_a.t (x)`);
    const oid = () => database.query(`SELECT 'app_a.t_x'::regclass::oid AS oid`);
    const before = await oid();
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
    expect(await oid()).toEqual(before);

    await markBegun(database, "app_a", "0001_index", begun);
    await database.query(
      `ALTER TABLE app_a.t DROP COLUMN z; UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app_a.t_x'::regclass`,
    );
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
    expect(await indexes(database)).toEqual([{ relname: "t_x", indisvalid: true }]);
    expect(await oid()).not.toEqual(before);
  });

  test("fail if another index has the same name, also when repeated", async () => {
    const { database, context } = await withTable({
      "0001_index": `CREATE INDEX CONCURRENTLY "t_x" ON "t" ("x");`,
    });
    await database.query(`CREATE INDEX t_x ON app_a.t (id)`);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const { outcomes } = await migrateAll(context);
      expect(outcomes[0]).toMatchObject({
        status: "failed",
        applied: [],
        failure: { sqlstate: "42P07" },
      });
    }
    expect(await ledger(database)).toHaveLength(1);
  });

  test("fail if an index to drop does not exist, also when repeated", async () => {
    const { context } = await withTable({ "0001_drop": `DROP INDEX CONCURRENTLY "typo";` });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await migrateAll(context)).outcomes[0]).toMatchObject({
        status: "failed",
        failure: { sqlstate: "42704" },
      });
    }
  });

  test("cannot be edited after they began and before they have finished", async () => {
    const begun = `CREATE INDEX CONCURRENTLY "t_x" ON "t" ("x");`;
    const { database, root, context } = await withTable({
      "0001_unique": `CREATE UNIQUE INDEX "t_id" ON "t" ("id");`,
      "0002_index": begun,
    });
    await migrateAll(context);
    await database.query(
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app_a.t_x'::regclass`,
    );
    await markBegun(database, "app_a", "0002_index", begun);
    const files = {
      "0000_table": table,
      "0001_unique": `CREATE UNIQUE INDEX "t_id" ON "t" ("id");`,
    };
    for (const edited of [
      `CREATE INDEX CONCURRENTLY "t_id" ON "t" ("x");`,
      `CREATE INDEX IF NOT EXISTS "t_x" ON "t" ("x");`,
    ]) {
      await writeFiles(root, history("drizzle/app", { ...files, "0002_index": edited }));
      const { outcomes } = await migrateAll(context);
      expect(outcomes[0]).toMatchObject({ status: "failed", applied: [] });
      expect(outcomes[0]?.failure?.message).toContain("edited after it had started to run");
    }
    await writeFiles(root, history("drizzle/app", { ...files, "0002_index": begun }));
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0002_index" });
    expect(await database.query(invalidIndexes)).toEqual([]);
    expect(
      await database.query(
        `SELECT indisunique FROM pg_index WHERE indexrelid = 'app_a.t_id'::regclass`,
      ),
    ).toEqual([{ indisunique: true }]);
  });

  test("do not accept an invalid index with IF NOT EXISTS", async () => {
    const { database, context } = await withTable({
      "0001_index": `CREATE INDEX CONCURRENTLY IF NOT EXISTS "t_x" ON "t" ("x");`,
    });
    await database.query(`CREATE INDEX t_x ON app_a.t (x);
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app_a.t_x'::regclass`);
    expect((await migrateAll(context)).outcomes[0]).toMatchObject({
      status: "failed",
      failure: { sqlstate: "55000", message: `index "t_x" already exists and is not valid` },
    });
    await database.query(`DROP INDEX app_a.t_x`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
  });

  test("cannot be edited after they were applied; later ones can", async () => {
    const { database, root, context } = await withTable({ "0001_index": concurrent });
    await database.query(`INSERT INTO app_a.t VALUES (1, 7), (2, 7)`);
    await migrateAll(context);
    const edited = (sql: string) =>
      writeFiles(root, history("drizzle/app", { "0000_table": table, "0001_index": sql }));

    await edited(concurrent.replace('"y" integer', '"y" bigint'));
    const refused = await migrateAll(context);
    expect(refused.outcomes[0]).toMatchObject({ status: "failed", applied: [] });
    expect(refused.outcomes[0]?.failure?.message).toContain("edited after it was applied");

    await edited(concurrent.replace("UNIQUE ", ""));
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped" });
  });

  describe("that another runner began are inspected before they run", () => {
    const tolerant = concurrent.replace("CONCURRENTLY", "CONCURRENTLY IF NOT EXISTS");
    const halfBuilt = (tenant: string) => `CREATE UNIQUE INDEX t_x ON app_${tenant}.t (x);
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app_${tenant}.t_x'::regclass`;

    test("if it happened since the plan was made", async () => {
      const { database, root } = await withTable({});
      const context = contextFor(root, appFleet(database.url, ["a", "b"], { concurrency: 1 }));
      await migrateAll(context);
      await writeFiles(
        root,
        history("drizzle/app", { "0000_table": table, "0001_index": tolerant }),
      );
      for (const tenant of ["a", "b"])
        await database.query(`INSERT INTO app_${tenant}.t VALUES (1, 7), (2, 7)`);
      expect(byTenant(await migrateAll(context))).toEqual({ a: "failed", b: "failed" });
      for (const tenant of ["a", "b"]) await database.query(`DELETE FROM app_${tenant}.t`);

      // The runner has planned both, and is blocked at the first one.
      const other = await database.connect();
      await other.query(`BEGIN; LOCK TABLE app_a.t`);
      const running = migrateAll(context);
      const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'app_a.t'::regclass`;
      while ((await database.query(waiting)).length === 0) await sleep(10);
      await markBegun(database, "app_b", "0001_index", tolerant.split(";").slice(0, 2).join(";"));
      await database.query(halfBuilt("b"));
      await other.query(`COMMIT`);
      expect(byTenant(await running)).toEqual({
        a: "succeeded 0001_index",
        b: "succeeded 0001_index",
      });
      expect(await database.query(invalidIndexes)).toEqual([]);
    });

    test("if it happened between two segments of a file", async () => {
      const { database, context } = await withTable({ "0001_index": tolerant });
      // Acts as the other runner: it takes the target as soon as the first segment is committed.
      await database.query(`CREATE FUNCTION begin() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.applied = 1 THEN NEW.begun = true; NEW.applied_checksum = '${checksumOf(statementsOf(tolerant, 2))}'; END IF; RETURN NEW; END $$`);
      await database.query(
        `CREATE TRIGGER begin BEFORE INSERT ON app_a.__fleet_ledger FOR EACH ROW EXECUTE FUNCTION begin()`,
      );
      await database.query(halfBuilt("a"));
      expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
      expect(await database.query(invalidIndexes)).toEqual([]);
    });
  });

  test("leave no half-built index after an interrupted REINDEX", async () => {
    const { database, root } = await withTable({
      "0001_index": `CREATE INDEX "t_x" ON "t" ("x");`,
      "0002_reindex": `REINDEX INDEX CONCURRENTLY "public"."t_x";`,
    });
    const brief = { timeouts: { concurrently: "400ms" }, retry: { attempts: 1 } };
    const context = contextFor(root, appFleet(database.url, ["a"], brief));
    const blocker = await database.connect();
    await blocker.query(`BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "failed 0001_index" });
    expect(await database.query(invalidIndexes)).toEqual([]);
    await blocker.query(`COMMIT`);
    // A runner that is killed before it can clean up leaves the index to the next one.
    await database.query(`CREATE INDEX "t_x_ccnew" ON app_a.t (x);
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app_a.t_x_ccnew'::regclass`);
    await markBegun(database, "app_a", "0002_reindex", `REINDEX INDEX CONCURRENTLY "public"."t_x"`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0002_reindex" });
    expect(await database.query(invalidIndexes)).toEqual([]);
    expect(await indexes(database)).toEqual([{ relname: "t_x", indisvalid: true }]);
  });

  test("complete an interrupted DETACH PARTITION in the next run", async () => {
    const { database, root } = await withTable({
      "0001_parts": `CREATE TABLE "p" ("id" integer) PARTITION BY LIST ("id");\nCREATE TABLE "p1" PARTITION OF "p" FOR VALUES IN (1);`,
      "0002_detach": `ALTER TABLE "p" DETACH PARTITION "p1" CONCURRENTLY;`,
    });
    const brief = { timeouts: { concurrently: "400ms" }, retry: { attempts: 1 } };
    const context = contextFor(root, appFleet(database.url, ["a"], brief));
    await migrateAll(context, { to: "0001_parts" });
    const blocker = await database.connect();
    await blocker.query(`BEGIN; SELECT * FROM app_a.p`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "failed" });
    const links = `SELECT inhdetachpending AS pending FROM pg_inherits WHERE inhrelid = 'app_a.p1'::regclass`;
    expect(await database.query(links)).toEqual([{ pending: true }]);
    await blocker.query(`COMMIT`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0002_detach" });
    expect(await database.query(links)).toEqual([]);
  });

  test("fail if a partition does not exist, also when repeated", async () => {
    const { context } = await withTable({
      "0001_parts": `CREATE TABLE "p" ("id" integer) PARTITION BY LIST ("id");`,
      "0002_detach": `ALTER TABLE "p" DETACH PARTITION "typo" CONCURRENTLY;`,
    });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await migrateAll(context)).outcomes[0]).toMatchObject({
        status: "failed",
        failure: { sqlstate: "42P01", tag: "0002_detach" },
      });
    }
  });

  test("count an index that is already dropped as dropped when resumed", async () => {
    const { database, context } = await withTable({
      "0001_index": `CREATE INDEX "t_x" ON "t" ("x");`,
      "0002_drop": `DROP INDEX CONCURRENTLY "public"."t_x";`,
    });
    await migrateAll(context);
    await markBegun(database, "app_a", "0002_drop", `DROP INDEX CONCURRENTLY "public"."t_x"`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0002_drop" });
  });
});

describe("what a migration leaves in the session", () => {
  test("does not reach the next tenant: temporary tables, settings, prepared statements, locks", async () => {
    const database = await createDatabase();
    const sql = `CREATE TABLE "seen" ("what" text, "value" text);
INSERT INTO "seen" SELECT 'temp', count(*)::text FROM pg_class WHERE relname = 'stage';
INSERT INTO "seen" SELECT name, setting FROM pg_settings WHERE name IN ('session_replication_role', 'work_mem');
INSERT INTO "seen" SELECT 'locks', count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 4242;
CREATE TEMP TABLE IF NOT EXISTS "stage" AS SELECT current_schema()::text AS "tenant";
CREATE TABLE "staged" AS SELECT * FROM "stage";
SET session_replication_role = replica;
SET work_mem = '77MB';
SELECT pg_advisory_lock(4242);`;
    const root = await createFolder(history("drizzle/app", { "0000_leaky": sql }));
    const fleet = appFleet(database.url, ["a", "b", "c"], { concurrency: 1 });
    // pg_locks also shows other sessions: this query reads only its own.
    const services = {
      app: {
        schema: "./none",
        out: "./drizzle/app",
        database: "main",
        tenantSchema: "app_{tenant}",
        acceptUnproved: ["0000_leaky"],
      },
    };
    const result = await migrateAll(contextFor(root, { ...fleet, services }));
    expect(Object.values(byTenant(result))).toEqual(Array(3).fill("succeeded 0000_leaky"));
    for (const tenant of ["a", "b", "c"]) {
      expect(await database.query(`SELECT tenant FROM app_${tenant}.staged`)).toEqual([
        { tenant: `app_${tenant}` },
      ]);
      expect(await database.query(`SELECT value FROM app_${tenant}.seen ORDER BY what`)).toEqual([
        { value: "0" },
        { value: "origin" },
        { value: "0" },
        { value: "4096" },
      ]);
    }
  });
});

describe("boundaries in a file", () => {
  test("include an added enum value, which is committed before a statement uses it", async () => {
    const { database, context } = await withTable({
      "0001_enum": `CREATE TYPE "public"."mood" AS ENUM ('sad', 'ok');\nALTER TABLE "t" ADD COLUMN "mood" "mood" DEFAULT 'sad';`,
      "0002_value": `ALTER TYPE "public"."mood" ADD VALUE 'happy' BEFORE 'ok';\n--> statement-breakpoint\nALTER TABLE "t" ALTER COLUMN "mood" SET DEFAULT 'happy';`,
    });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_enum,0002_value" });
    expect(await catalogOf(database, "app_a")).toContain("enum mood {sad,happy,ok}");
  });

  test("include COMMIT, which ends a transaction, and BEGIN", async () => {
    const sql = `ALTER TABLE "t" ADD COLUMN "y" integer;\nCOMMIT;\nCREATE INDEX CONCURRENTLY "t_x" ON "t" ("x");\nBEGIN;\nALTER TABLE "t" ADD COLUMN "z" integer;`;
    const { database, context } = await withTable({ "0001_commit": sql });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_commit" });
    expect(await ledger(database)).toContainEqual({
      tag: "0001_commit",
      applied: 3,
      statements: 3,
    });
  });

  test("stay the same in a checkout with other line endings, where an interrupted migration continues", async () => {
    const sql = `ALTER TABLE "t"\n  ADD COLUMN "y" integer;\nCREATE INDEX CONCURRENTLY "t_x"\n  ON "t" ("x");\nALTER TABLE "t"\n  ADD COLUMN "z" integer;\n`;
    const crlf = sql.replaceAll("\n", "\r\n");
    for (const [begun, now] of [
      [crlf, sql],
      [sql, crlf],
    ] as const) {
      const { database, context } = await withTable({ "0001_index": now });
      await database.query(`ALTER TABLE app_a.t ADD COLUMN y integer`);
      const upToIndex = begun.slice(0, begun.indexOf(";", begun.indexOf("INDEX")));
      await markBegun(database, "app_a", "0001_index", upToIndex);
      expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
    }
  });

  test("are recognized in files with a BOM or CRLF, without breakpoints, or with only a mark", async () => {
    const { database, context } = await withTable({
      "0001_bom": `\uFEFFALTER TABLE "t"\r\n  ADD COLUMN "b" integer;\r\n--> statement-breakpoint\r\nALTER TABLE "t" ADD COLUMN "c" integer`,
      "0002_comment": `-- kept for its number\n-- drizzle-fleet: empty on purpose`,
      "0003_empty": `\uFEFF-- drizzle-fleet: empty on purpose: see 0002\r\n`,
      "0004_trailing": `ALTER TABLE "t" ADD COLUMN "d" integer -- no semicolon`,
    });
    expect(byTenant(await migrateAll(context))).toEqual({
      a: "succeeded 0001_bom,0002_comment,0003_empty,0004_trailing",
    });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped" });
    expect((await ledger(database)).length).toBe(5);
  });
});
