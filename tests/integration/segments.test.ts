import { describe, expect, test } from "vitest";
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

  test("a build that fails is continued after its cause is mended, and leaves no invalid index", async () => {
    const { database, context } = await withTable({ "0001_index": concurrent });
    await database.query(`INSERT INTO app_a.t VALUES (1, 7), (2, 7)`);
    const failed = await migrateAll(context);
    expect(failed.outcomes[0]).toMatchObject({
      status: "failed",
      failure: { sqlstate: "23505", line: 3 },
    });
    expect(failed.outcomes[0]?.failure?.remedy).toContain(
      "The first 1 of 3 statements are committed",
    );
    expect(await indexes(database)).toEqual([{ relname: "t_x", indisvalid: false }]);
    expect(await ledger(database)).toContainEqual({ tag: "0001_index", applied: 1, statements: 3 });

    await database.query(`DELETE FROM app_a.t WHERE id = 2`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
    expect(await indexes(database)).toEqual([{ relname: "t_x", indisvalid: true }]);
    expect(await ledger(database)).toContainEqual({ tag: "0001_index", applied: 3, statements: 3 });
  });

  test("an index that was finished before the runner died is not built twice", async () => {
    const { database, context } = await withTable({ "0001_index": concurrent });
    await database.query(`INSERT INTO app_a.t VALUES (1, 7), (2, 7)`);
    await migrateAll(context);
    await database.query(`DELETE FROM app_a.t WHERE id = 2`);
    // As if the build had ended and its runner had died before it could write that down.
    await database.query(`DROP INDEX app_a.t_x`);
    await database.query(`CREATE UNIQUE INDEX t_x ON app_a.t (x)`);
    const [before] = await database.query(`SELECT 'app_a.t_x'::regclass::oid AS oid`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
    expect(await database.query(`SELECT 'app_a.t_x'::regclass::oid AS oid`)).toEqual([before]);
  });

  test("somebody else's index of the same name is an error, not a success", async () => {
    const { database, context } = await withTable({ "0001_index": concurrent });
    await database.query(`CREATE INDEX t_x ON app_a.t (id)`);
    expect((await migrateAll(context)).outcomes[0]).toMatchObject({
      status: "failed",
      failure: { sqlstate: "42P07" },
    });
  });

  test("what was applied may not be edited, what comes after it may", async () => {
    const { database, root, context } = await withTable({ "0001_index": concurrent });
    await database.query(`INSERT INTO app_a.t VALUES (1, 7), (2, 7)`);
    await migrateAll(context);
    const edited = (sql: string) =>
      writeFiles(root, history("drizzle/app", { "0000_table": table, "0001_index": sql }));

    await edited(concurrent.replace('"y" integer', '"y" bigint'));
    const refused = await migrateAll(context);
    expect(refused.outcomes[0]).toMatchObject({ status: "failed", applied: [] });
    expect(refused.outcomes[0]?.failure?.message).toContain("edited after they had been applied");

    await edited(concurrent.replace("UNIQUE ", ""));
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_index" });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped" });
  });

  test("a dropped index that is gone already counts as dropped on resume", async () => {
    const { database, context } = await withTable({
      "0001_index": `CREATE INDEX "t_x" ON "t" ("x");`,
      "0002_drop": `DROP INDEX CONCURRENTLY "public"."t_x";\nSELECT 1 / (SELECT count(*) FROM "t");`,
    });
    expect((await migrateAll(context)).outcomes[0]).toMatchObject({
      status: "failed",
      applied: ["0001_index"],
    });
    await database.query(
      `UPDATE app_a.__fleet_ledger SET applied = 0, applied_checksum = encode(sha256(''), 'hex') WHERE tag = '0002_drop'`,
    );
    await database.query(`INSERT INTO app_a.t VALUES (1)`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0002_drop" });
  });
});

describe("boundaries inside a file", () => {
  test("an added enum value is committed before a statement uses it", async () => {
    const { database, context } = await withTable({
      "0001_enum": `CREATE TYPE "public"."mood" AS ENUM ('sad', 'ok');\nALTER TABLE "t" ADD COLUMN "mood" "mood" DEFAULT 'sad';`,
      "0002_value": `ALTER TYPE "public"."mood" ADD VALUE 'happy' BEFORE 'ok';\n--> statement-breakpoint\nALTER TABLE "t" ALTER COLUMN "mood" SET DEFAULT 'happy';`,
    });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_enum,0002_value" });
    expect(await catalogOf(database, "app_a")).toContain("enum mood {sad,happy,ok}");
  });

  test("an embedded COMMIT ends a transaction, and BEGIN is understood", async () => {
    const sql = `ALTER TABLE "t" ADD COLUMN "y" integer;\nCOMMIT;\nCREATE INDEX CONCURRENTLY "t_x" ON "t" ("x");\nBEGIN;\nALTER TABLE "t" ADD COLUMN "z" integer;`;
    const { database, context } = await withTable({ "0001_commit": sql });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0001_commit" });
    expect(await ledger(database)).toContainEqual({
      tag: "0001_commit",
      applied: 3,
      statements: 3,
    });
  });

  test("files with a BOM, CRLF, no breakpoints, only comments or nothing at all are migrations like any other", async () => {
    const { database, context } = await withTable({
      "0001_bom": `\uFEFFALTER TABLE "t"\r\n  ADD COLUMN "b" integer;\r\n--> statement-breakpoint\r\nALTER TABLE "t" ADD COLUMN "c" integer`,
      "0002_comment": `-- nothing yet`,
      "0003_empty": ``,
      "0004_trailing": `ALTER TABLE "t" ADD COLUMN "d" integer -- no semicolon`,
    });
    expect(byTenant(await migrateAll(context))).toEqual({
      a: "succeeded 0001_bom,0002_comment,0003_empty,0004_trailing",
    });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped" });
    expect((await ledger(database)).length).toBe(5);
  });
});
