import { describe, expect, test } from "vitest";
import { type PlanProblem, targetsOf } from "../../src/core/plan.ts";
import { planMigration } from "../../src/operations/migrate.ts";
import { status } from "../../src/operations/status.ts";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase, createRole, urlWith } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  configFile,
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

/** A fleet with one tenant at head, whose files on disk are then replaced. */
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

describe("a rollout", () => {
  test("reports a migration that was edited after it was applied", async () => {
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

  test("reports an applied migration that is not on disk", async () => {
    const { context, target } = await withFiles({
      "0000_a": migrations["0000_a"],
      "0001_b": migrations["0001_b"],
    });
    expect(kinds(target?.problems)).toEqual([["unknown", "0002_c"]]);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "failed" });
  });

  test("reports a migration that was merged after later ones were applied", async () => {
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

  test("applies a late migration if the command or the configuration allows it", async () => {
    const late = {
      "0000_a": migrations["0000_a"],
      "0001_late": `CREATE TABLE "late" ();`,
      "0001_b": migrations["0001_b"],
      "0002_c": migrations["0002_c"],
      "0003_d": `CREATE TABLE "d" ();`,
    };
    const { database, context, target } = await withFiles(late);
    expect(target?.problems[0]?.remedy).toContain("--allow-out-of-order");
    const request = { ...all, allowOutOfOrder: true };
    expect(targetsOf(await planMigration(context, request))[0]?.steps).toMatchObject([
      { tag: "0001_late" },
      { tag: "0003_d" },
    ]);
    expect(byTenant(await migrateAll(context, request))).toEqual({
      a: "succeeded 0001_late,0003_d",
    });
    expect(byTenant(await migrateAll(context))).toEqual({ a: "skipped" });
    // The same, set in the configuration, with a migration that is resumed after its first segment.
    const fleet = appFleet(database.url, ["a"], { allowOutOfOrder: true });
    const again = contextFor(context.config.root, fleet);
    const mixed = `CREATE TABLE "m" ("id" integer);\nCREATE UNIQUE INDEX CONCURRENTLY "m_id" ON "taken" ("id");`;
    await database.query(`CREATE TABLE app_a.taken (id integer)`);
    await database.query(`INSERT INTO app_a.taken VALUES (1), (1)`);
    await writeFiles(context.config.root, history("drizzle/app", { "0000_0": mixed, ...late }));
    expect(byTenant(await migrateAll(again))).toEqual({ a: "failed" });
    await database.query(`DELETE FROM app_a.taken`);
    expect(await status(again, all)).toMatchObject([{ problems: [], pending: 1 }]);
    expect(byTenant(await migrateAll(again))).toEqual({ a: "succeeded 0000_0" });
  });

  test("continues after repair, which asks on a terminal and needs --yes without one", async () => {
    const { database, context } = await withFiles(migrations);
    const project = await createProject({
      "drizzle.config.ts": configFile(appFleet(database.url, ["a"])),
      ...history("drizzle/app", { ...migrations, "0002_c": `CREATE TABLE "c" (); -- c` }),
    });
    const asked = await runCli(project, ["repair"]);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining("with --yes") });
    expect(asked.stdout).toContain("0002_c.sql was edited after it was applied to 1 target: app/a");
    expect(await status(context, all)).toMatchObject([{ problems: [] }]);
    const blocked = await runCli(project, ["plan"]);
    expect(blocked).toMatchObject({
      code: 5,
      stdout: expect.stringContaining("drizzle-fleet repair"),
    });
    const done = await runCli(project, ["repair", "--yes"]);
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining("1 ledger now has") });
    expect(await runCli(project, ["plan"])).toMatchObject({ code: 0 });
  });

  test("reports a file that the journal lists but that is missing, as status and plan do", async () => {
    const { database } = await withFiles(migrations);
    const { "drizzle/app/0001_b.sql": _, ...files } = history("drizzle/app", migrations);
    const project = await createProject({
      "drizzle.config.ts": configFile(appFleet(database.url, ["a"])),
      ...files,
    });
    for (const verb of ["status", "plan", "migrate"]) {
      const run = await runCli(project, [verb]);
      expect(run).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("0001_b.sql is missing"),
      });
    }
  });

  test("reports a schema with tables but no ledger", async () => {
    const database = await createDatabase();
    await database.query(`CREATE SCHEMA app_a; CREATE TABLE app_a.theirs (); CREATE SCHEMA app_b;`);
    const root = await createFolder(history("drizzle/app", migrations));
    const result = await migrateAll(contextFor(root, appFleet(database.url, ["a", "b"])));
    expect(byTenant(result)).toEqual({ a: "failed", b: "succeeded 0000_a,0001_b,0002_c" });
    expect(result.outcomes[0]?.failure).toMatchObject({
      message: expect.stringContaining("contains 1 table, view or sequence, but no ledger"),
      // Without a selection, stamp would write every tenant's ledger.
      remedy: expect.stringMatching(/drizzle-fleet stamp <tag> --service app --tenant a$/),
    });
  });

  test("reports a ledger that the role cannot read, for that target only", async () => {
    const database = await createDatabase();
    const { url } = await createRole(database);
    const root = await createFolder(history("drizzle/app", migrations));
    await migrateAll(contextFor(root, appFleet(database.url, ["a"])));
    const result = await migrateAll(contextFor(root, appFleet(url, ["a", "b"])));
    expect(byTenant(result)).toEqual({ a: "failed", b: "succeeded 0000_a,0001_b,0002_c" });
    expect(result.outcomes[0]?.failure?.message).toContain("cannot be read with this role");
  });

  test("refuses two services that map to the same schema through two names of one database", async () => {
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
      "services app and shop map to the same schema, shared: databases main and other are the same",
    );
  });

  test("refuses a statement that leaves the tenant, before any target is changed", async () => {
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
