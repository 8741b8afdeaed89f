import { describe, expect, test } from "vitest";
import type { PlanProblem } from "../../src/core/plan.ts";
import { status } from "../../src/operations/status.ts";
import { createDatabase, urlWith } from "../support/database.ts";
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

const all = { services: [], tenants: [], databases: [] };
const migrations = {
  "0000_a": `CREATE TABLE "a" ();`,
  "0001_b": `CREATE TABLE "b" ();`,
  "0002_c": `CREATE TABLE "c" ();`,
};

/** A fleet with one tenant that has all three migrations; then the files on disk are replaced. */
async function withFiles(replaced: Files) {
  const database = await createDatabase();
  const root = await createFolder(history("drizzle/app", migrations));
  const context = contextFor(root, appFleet(database.url, ["a"]));
  await migrateAll(context);
  await writeFiles(root, history("drizzle/app", replaced));
  const [target] = await status(context, all);
  return { database, context, target };
}

function kinds(problems: readonly PlanProblem[] | undefined) {
  return problems?.map(({ kind, tag }) => [kind, tag]);
}

describe("what stands in the way of a target", () => {
  test("a migration that was edited after it was applied", async () => {
    const { context, target } = await withFiles({
      ...migrations,
      "0001_b": `CREATE TABLE "bb" ();`,
      "0003_d": `CREATE TABLE "d" ();`,
    });
    expect(kinds(target?.problems)).toEqual([["edited", "0001_b"]]);
    const result = await migrateAll(context);
    expect(result.outcomes[0]).toMatchObject({
      status: "failed",
      applied: [],
      failure: { tag: "0001_b" },
    });
    expect(result.outcomes[0]?.failure?.remedy).toContain("0001_b.sql");
  });

  test("an applied migration that is not on disk", async () => {
    const { context, target } = await withFiles({
      "0000_a": migrations["0000_a"],
      "0001_b": migrations["0001_b"],
    });
    expect(kinds(target?.problems)).toEqual([["unknown", "0002_c"]]);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "failed" });
  });

  test("a migration that was merged behind applied ones", async () => {
    const { context, target } = await withFiles({
      "0000_a": migrations["0000_a"],
      "0001_late": `SELECT 1;`,
      "0001_b": migrations["0001_b"],
      "0002_c": migrations["0002_c"],
    });
    expect(target).toMatchObject({ current: "0002_c", pending: 1 });
    expect(kinds(target?.problems)).toEqual([["outOfOrder", "0001_late"]]);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "failed" });
  });

  test("a schema that holds somebody else's tables", async () => {
    const database = await createDatabase();
    await database.query(`CREATE SCHEMA app_a; CREATE TABLE app_a.theirs (); CREATE SCHEMA app_b;`);
    const root = await createFolder(history("drizzle/app", migrations));
    const result = await migrateAll(contextFor(root, appFleet(database.url, ["a", "b"])));
    expect(byTenant(result)).toEqual({ a: "failed", b: "succeeded 0000_a,0001_b,0002_c" });
    expect(result.outcomes[0]?.failure?.message).toContain(
      "holds 1 tables, views or sequences, but no ledger",
    );
  });

  test("a ledger that the role may not read is that target's problem alone", async () => {
    const database = await createDatabase();
    const role = `low_${Math.random().toString(36).slice(2)}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'plain'`);
    const [{ name } = { name: "" }] = await database.query<{ name: string }>(
      `SELECT current_database() AS name`,
    );
    await database.query(`GRANT CREATE ON DATABASE ${name} TO ${role}`);
    const root = await createFolder(history("drizzle/app", migrations));
    await migrateAll(contextFor(root, appFleet(database.url, ["a"])));
    const low = appFleet(urlWith(database.url, { username: role, password: "plain" }), ["a", "b"]);
    const result = await migrateAll(contextFor(root, low));
    expect(byTenant(result)).toEqual({ a: "failed", b: "succeeded 0000_a,0001_b,0002_c" });
    expect(result.outcomes[0]?.failure?.message).toContain("cannot be read with this role");
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  test("two names for one database do not make two services share a schema", async () => {
    const database = await createDatabase();
    const root = await createFolder({
      ...history("drizzle/app", migrations),
      ...history("drizzle/shop", migrations),
    });
    const { hostname } = new URL(database.url);
    const other = urlWith(database.url, {
      hostname: hostname === "localhost" ? "127.0.0.1" : "localhost",
    });
    const single = (out: string, name: string) => ({
      schema: "./none",
      out,
      database: name,
      singleSchema: "shared",
    });
    const fleet = {
      ...appFleet(database.url, []),
      databases: { main: { url: database.url }, other: { url: other } },
      services: { app: single("drizzle/app", "main"), shop: single("drizzle/shop", "other") },
    };
    const error = await migrateAll(contextFor(root, fleet)).catch((caught) => caught);
    expect(error).toMatchObject({ code: "config" });
    expect(error.message).toContain(
      "services app and shop map to one schema, shared: databases main and other are the same",
    );
  });

  test("a statement that leaves the tenant is refused before any target is touched", async () => {
    const { database, context } = await withFiles({
      ...migrations,
      "0003_good": `CREATE TABLE "good" ();`,
      "0004_bad": `CREATE TABLE "fine" ();\n--> statement-breakpoint\nINSERT INTO "app_b"."a" SELECT 1;\n--> statement-breakpoint\nSELEC 1;`,
    });
    const error = await migrateAll(context).catch((caught) => caught);
    expect(error).toMatchObject({
      name: "FleetError",
      problems: [{ code: "syntax" }, { code: "isolation" }],
    });
    expect(error.problems[0].where).toMatch(/0004_bad\.sql:5:1$/);
    expect(error.problems[1]).toMatchObject({
      excerpt: `INSERT INTO "app_b"."a" SELECT 1;\n             ^`,
    });
    expect(await database.query(`SELECT to_regclass('app_a.good') AS good`)).toEqual([
      { good: null },
    ]);
  });
});
