import { expect, test } from "vitest";
import { targetsOf } from "../../src/core/plan.ts";
import { check } from "../../src/operations/check.ts";
import { planMigration } from "../../src/operations/migrate.ts";
import { createDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  downgradeAll,
  history,
  migrateAll,
} from "../support/fleet.ts";

const values = [
  ..."-:,@(*+?[{|^$'\"\\",
  ..."in-progress|to ship|a:b|a,b|you@home|a(b|[a-z|it's|back\\slash|{tenant}".split("|"),
];
const literal = (value: string) => `'${value.replaceAll("'", "''")}'`;

test.each(values)(
  "an enum gets the value %s, with statements after it, and can be reverted",
  async (value) => {
    const database = await createDatabase();
    const migrations = {
      "0000_init": `CREATE TYPE "public"."state" AS ENUM('new'); CREATE TABLE job (id int, state "public"."state");`,
      "0001_more": `ALTER TYPE "public"."state" ADD VALUE ${literal(value)};--> statement-breakpoint
      CREATE TABLE "other" ("id" integer);--> statement-breakpoint
      INSERT INTO job VALUES (1, ${literal(value)});`,
    };
    const root = await createFolder({
      ...history("drizzle/app", migrations),
      "drizzle/app/0001_more.down.sql": `DROP TABLE "other"; DELETE FROM job;
      ALTER TABLE job ALTER state TYPE text; DROP TYPE "public"."state"; CREATE TYPE "public"."state" AS ENUM('new');
      ALTER TABLE job ALTER state TYPE "public"."state" USING state::"public"."state";`,
    });
    const context = contextFor(root, appFleet(database.url, ["a", "b"]));
    const problems = (await check(context, ["app"])).map(({ problem }) => problem.code);
    expect(problems).not.toContain("syntax");
    expect(problems).not.toContain("isolation");
    const everything = { services: [], tenants: [], databases: [] };
    const plan = await planMigration(context, everything);
    expect(targetsOf(plan).map(({ steps }) => steps.length)).toEqual([2, 2]);
    const applied = { a: "succeeded 0000_init,0001_more", b: "succeeded 0000_init,0001_more" };
    expect(byTenant(await migrateAll(context))).toEqual(applied);
    expect(await database.query("SELECT state::text FROM app_b.job")).toEqual([{ state: value }]);
    await downgradeAll(context, { count: 1 });
    expect(await database.query("SELECT enum_range(NULL::app_a.state)::text AS all")).toEqual([
      { all: "{new}" },
    ]);
    await migrateAll(context);
    expect(await database.query("SELECT state::text FROM app_a.job")).toEqual([{ state: value }]);
  },
);
