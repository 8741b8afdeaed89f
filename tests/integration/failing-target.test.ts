import { describe, expect, test } from "vitest";
import { migrateText } from "../../src/report/migrate.ts";
import { catalogOf } from "../support/catalog.ts";
import { createDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";

const first = { "0000_people": `CREATE TABLE "people" ("id" integer PRIMARY KEY, "email" text);` };
const unique = `CREATE TABLE "groups" ("id" integer);\n--> statement-breakpoint\nUPDATE "people" SET "email" = lower("email");\n--> statement-breakpoint\n\nCREATE UNIQUE INDEX "people_email"\n  ON "people" ("email");`;

describe("a migration that fails for one tenant", () => {
  test("does not change that tenant, migrates the others, and reports where and why", async () => {
    const database = await createDatabase();
    const root = await createFolder(history("drizzle/app", first));
    const context = contextFor(root, appFleet(database.url, ["a", "b", "c"]));
    await migrateAll(context);
    await database.query(`INSERT INTO app_b.people VALUES (1, 'X@y.z'), (2, 'x@y.z')`);
    const before = await catalogOf(database, "app_b");

    await writeFiles(root, history("drizzle/app", { ...first, "0001_unique": unique }));
    const result = await migrateAll(context);

    expect(byTenant(result)).toEqual({
      a: "succeeded 0001_unique",
      b: "failed",
      c: "succeeded 0001_unique",
    });
    expect(await catalogOf(database, "app_b")).toEqual(before);
    expect(await database.query(`SELECT email FROM app_b.people ORDER BY id`)).toEqual([
      { email: "X@y.z" },
      { email: "x@y.z" },
    ]);
    expect(await database.query(`SELECT tag FROM app_b.__fleet_ledger`)).toEqual([
      { tag: "0000_people" },
    ]);

    const failure = result.outcomes.find(({ target }) => target.tenant === "b")?.failure;
    expect(failure).toMatchObject({
      tag: "0001_unique",
      line: 6,
      sqlstate: "23505",
      detail: "Key (email)=(x@y.z) is duplicated.",
    });
    const text = migrateText(result);
    expect(text).toContain("app/b");
    expect(text).toMatch(/drizzle\/app\/0001_unique\.sql:6/);
    expect(text).toContain("SQLSTATE 23505");
    expect(text).toContain("Fix the duplicate rows");

    await database.query(`DELETE FROM app_b.people WHERE id = 2`);
    expect(byTenant(await migrateAll(context))).toEqual({
      a: "skipped",
      b: "succeeded 0001_unique",
      c: "skipped",
    });
    expect(await catalogOf(database, "app_b")).toEqual(await catalogOf(database, "app_a"));
  });

  test("leaves no schema for a new tenant whose first migration fails", async () => {
    const database = await createDatabase();
    const root = await createFolder(
      history("drizzle/app", { "0000_bad": `CREATE TABLE "t" ("id" integer);\nSELECT 1 / 0;` }),
    );
    const result = await migrateAll(contextFor(root, appFleet(database.url, ["a"])));
    expect(byTenant(result)).toEqual({ a: "failed" });
    expect(result.outcomes[0]?.failure).toMatchObject({ sqlstate: "22012", line: 2 });
    expect(
      await database.query(`SELECT nspname FROM pg_namespace WHERE nspname = 'app_a'`),
    ).toEqual([]);
  });

  test("names the line of an error inside a statement of several lines", async () => {
    const database = await createDatabase();
    const sql = `CREATE TYPE "public"."mood" AS ENUM ('größe');\n--> statement-breakpoint\nCREATE TABLE "t" (\n  "id" integer,\n  "mood" "public"."mod"\n);`;
    const root = await createFolder(history("drizzle/app", { "0000_typo": sql }));
    const result = await migrateAll(contextFor(root, appFleet(database.url, ["a"])));
    expect(result.outcomes[0]?.failure).toMatchObject({
      sqlstate: "42704",
      line: 5,
      message: 'type "app_a.mod" does not exist',
    });
  });

  test.each([
    [
      "in a DO block, the line inside it",
      `SELECT 1;\nDO $$\nBEGIN\n  PERFORM 1;\n  RAISE EXCEPTION 'no';\nEND $$;`,
      5,
      "P0001",
    ],
    [
      "behind many rewritten qualifiers, its own line",
      `CREATE TABLE "public"."a" ("id" integer);\nCREATE VIEW public.v AS SELECT "public"."a"."id" FROM "public"."a";\n\nSELECT public.a.id,\n  public.a.größe\nFROM public.a;`,
      5,
      "42703",
    ],
    [
      "without a position, the statement's line",
      `SELECT 1;\n\n-- about to fail\nINSERT INTO pg_temp.nothing SELECT 1;`,
      4,
      "42P01",
    ],
  ])("names the right line: %s", async (_, sql, line, sqlstate) => {
    const database = await createDatabase();
    const root = await createFolder(history("drizzle/app", { "0000_bad": sql }));
    const { outcomes } = await migrateAll(contextFor(root, appFleet(database.url, ["a"])));
    expect(outcomes[0]).toMatchObject({ status: "failed", failure: { line, sqlstate } });
  });

  test("fails entirely if a constraint that is checked at commit is violated", async () => {
    const database = await createDatabase();
    const sql = `CREATE TABLE "p" ("id" integer PRIMARY KEY);
CREATE TABLE "c" ("p" integer REFERENCES "public"."p" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "c" VALUES (1);`;
    const root = await createFolder(history("drizzle/app", { "0000_deferred": sql }));
    const result = await migrateAll(contextFor(root, appFleet(database.url, ["a"])));
    expect(result.outcomes[0]).toMatchObject({
      status: "failed",
      applied: [],
      failure: { sqlstate: "23503" },
    });
    expect(await catalogOf(database, "app_a")).toEqual([]);
  });
});
