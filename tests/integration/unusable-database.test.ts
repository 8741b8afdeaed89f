import { describe, expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import { planMigration } from "../../src/operations/migrate.ts";
import { status } from "../../src/operations/status.ts";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase, createRole, type TestDatabase, urlWith } from "../support/database.ts";
import {
  byTenant,
  configFile,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";

const all = { services: [], tenants: [], databases: [] };
const files = history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer);` });

function twoDatabases(one: string, two: string, more: Partial<FleetInput> = {}): FleetInput {
  const service = { schema: "./schema", out: "./drizzle/app", database: "one" };
  return {
    databases: { one: { url: one }, two: { url: two } },
    services: { app: { ...service, tenantSchema: "app_{tenant}" } },
    tenants: ["a", "b", "c", "d"].map((id, index) => ({ id, database: index % 2 ? "two" : "one" })),
    connectTimeout: 500,
    ...more,
  };
}

/** Addresses that do not lead to a usable database. */
const broken: readonly (readonly [string, (database: TestDatabase) => Promise<string>, string])[] =
  [
    ["unreachable", async ({ url }) => urlWith(url, { port: "1" }), "did not accept a connection"],
    ["missing", async ({ url }) => urlWith(url, { pathname: "/none" }), "SQLSTATE 3D000"],
    [
      "closed to the password",
      async (database) => urlWith((await createRole(database)).url, { password: "old" }),
      "SQLSTATE 28P01",
    ],
    [
      "read-only",
      async (database) => {
        const { role, url } = await createRole(database);
        await database.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
        return url;
      },
      "is read-only for role",
    ],
  ];

describe("if one of two databases cannot be used,", () => {
  test.each(broken)(
    "its targets fail and the others are migrated: %s",
    async (_, breaking, words) => {
      const one = await createDatabase();
      const context = contextFor(
        await createFolder(files),
        twoDatabases(one.url, await breaking(await createDatabase())),
      );
      const result = await migrateAll(context);
      expect(byTenant(result)).toEqual({
        a: "succeeded 0000_t",
        b: "failed",
        c: "succeeded 0000_t",
        d: "failed",
      });
      for (const { failure } of result.outcomes.filter((each) => each.status === "failed"))
        expect(failure?.message).toContain(words);
      expect(await one.query("SELECT FROM drizzle_fleet.outcomes")).toHaveLength(2);
    },
  );

  test("--failed reports its targets as failed, not as finished", async () => {
    const [one, two] = [await createDatabase(), await createDatabase()];
    const root = await createFolder(files);
    await migrateAll(contextFor(root, twoDatabases(one.url, two.url)));
    const context = contextFor(root, twoDatabases(one.url, urlWith(two.url, { port: "1" })));
    const result = await migrateAll(context, { failed: true });
    expect(byTenant(result)).toEqual({ b: "failed", d: "failed" });
  });

  test("status and plan show the rest, and what is missing", async () => {
    const one = await createDatabase();
    const context = contextFor(
      await createFolder(files),
      twoDatabases(one.url, urlWith(one.url, { port: "1" })),
    );
    const problem = { kind: "unusable", message: expect.stringContaining('database "two" at') };
    expect(await status(context, all)).toMatchObject([
      { pending: 1, problems: [] },
      { problems: [problem] },
      { pending: 1, problems: [] },
      { problems: [problem] },
    ]);
    const plan = await planMigration(context, all);
    expect(plan.waves.flatMap(({ targets }) => targets).map(({ steps }) => steps.length)).toEqual([
      1, 0, 1, 0,
    ]);
  });

  test("commands exit with 1, print what is known, and end with a line of JSON", async () => {
    const one = await createDatabase();
    const config = twoDatabases(one.url, urlWith(one.url, { port: "1" }));
    const project = await createProject({ "drizzle.config.ts": configFile(config), ...files });
    const shown = await runCli(project, ["status"]);
    expect(shown.code).toBe(1);
    expect(shown.stdout).toMatch(/app\/b +\? +\? +unusable/);
    expect(shown.stdout).toContain("Not read: 2 of 4 targets.");
    expect((await runCli(project, ["plan"])).code).toBe(1);
    const migrated = await runCli(project, ["migrate", "--json"]);
    expect(migrated.code).toBe(1);
    const last = JSON.parse(migrated.stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({ type: "summary", succeeded: 2, failed: 2 });
    expect(last.failures).toMatchObject([{ targets: ["app/b", "app/d"] }]);
    const rollouts = await runCli(project, ["rollouts"]);
    expect(rollouts).toMatchObject({ code: 1, stdout: expect.stringMatching(/migrate +2 +2/) });
    expect(rollouts.stderr).toContain('Incomplete: database "two" at');
  });
});

test("a fleet without a usable database is an error, also as JSON", async () => {
  const { url } = await createDatabase();
  const closed = urlWith(url, { port: "1", password: "s3cret-s3cret" });
  const config = twoDatabases(closed, closed);
  const project = await createProject({ "drizzle.config.ts": configFile(config), ...files });
  const { code, stdout, stderr } = await runCli(project, ["migrate", "--json"]);
  expect(code).toBe(1);
  expect(stderr).toContain("did not accept a connection");
  const error = JSON.parse(stdout);
  expect(error).toMatchObject({ type: "error", code: "unreachable" });
  expect(error.problems).toHaveLength(2);
  expect(stdout).not.toContain("s3cret-s3cret");
});

test.each<[string, Partial<FleetInput>]>([
  ["the registry", { tenants: undefined, registry: "two" }],
  ["a query", { tenants: { query: "SELECT 'a' AS id", database: "two" } }],
])("nothing is done if the tenants are unknown: %s in an unreachable database", async (_, more) => {
  const one = await createDatabase();
  const config = twoDatabases(one.url, urlWith(one.url, { port: "1" }), more);
  await expect(migrateAll(contextFor(await createFolder(files), config))).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("the list of tenants cannot be read"),
  });
});
