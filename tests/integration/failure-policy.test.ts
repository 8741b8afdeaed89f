import { describe, expect, test } from "vitest";
import { catalogOf } from "../support/catalog.ts";
import { runCli } from "../support/cli.ts";
import { createRole, type TestDatabase } from "../support/database.ts";
import { appFleet, configFile, history, writeFiles } from "../support/fleet.ts";
import { createFleet } from "../support/small-fleet.ts";

const tenants = Array.from({ length: 50 }, (_, index) => `t${String(index).padStart(2, "0")}`);
const first = {
  "0000_people": `CREATE TABLE "people" ("id" serial PRIMARY KEY, "email" text);
INSERT INTO "people" ("email") VALUES ('a'), ('b');`,
};
const second = {
  ...first,
  "0001_unique": `ALTER TABLE "people" ADD COLUMN "seen" boolean;\n--> statement-breakpoint
ALTER TABLE "people" ADD CONSTRAINT "people_email" UNIQUE ("email");`,
};
const bad = ["t07", "t23", "t41"];

/** Fifty tenants with one pending migration, which fails on the rows of three of them. */
async function createPendingFleet() {
  const settings = { concurrency: 4 };
  const fleet = await createFleet({ tenants, migrations: first, pending: second, settings });
  for (const tenant of bad)
    await fleet.database.query(`UPDATE app_${tenant}.people SET email = 'a'`);
  return fleet;
}

async function atHead(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ schema: string }>(
    `SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE relname = 'people_email' ORDER BY 1`,
  );
  return rows.map(({ schema }) => schema.replace("app_", ""));
}

describe("a migration that breaks for some tenants", () => {
  test("succeeds for the others, does not change these, and --failed completes them after the cause is fixed", async () => {
    const { database, project } = await createPendingFleet();
    const before = await catalogOf(database, "app_t07");
    const run = await runCli(project, ["migrate"]);
    expect(run.code).toBe(5);
    expect(await atHead(database)).toEqual(tenants.filter((tenant) => !bad.includes(tenant)));
    for (const tenant of bad) {
      expect(await catalogOf(database, `app_${tenant}`)).toEqual(before);
      expect(await database.query(`SELECT tag FROM app_${tenant}.__fleet_ledger`)).toEqual([
        { tag: "0000_people" },
      ]);
    }
    // One failure of several targets is reported once.
    expect(run.stdout.match(/SQLSTATE 23505/g)).toHaveLength(1);
    expect(run.stdout).toContain("3 targets: app/t07, app/t23, app/t41");
    expect(run.stdout).toContain("0001_unique.sql:3");
    expect(run.stdout).toContain("3 of 50 targets failed.");

    await database.query(`UPDATE app_t07.people SET email = id::text`);
    await database.query(`UPDATE app_t23.people SET email = id::text`);
    const retry = await runCli(project, ["migrate", "--failed", "--json"]);
    expect(retry.code).toBe(5);
    expect(JSON.parse(retry.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
      targets: 3,
      succeeded: 2,
      failed: 1,
      failures: [{ sqlstate: "23505", tag: "0001_unique", targets: ["app/t41"] }],
    });
    await database.query(`UPDATE app_t41.people SET email = id::text`);
    expect(await runCli(project, ["migrate", "--failed"])).toMatchObject({ code: 0 });
    expect(await atHead(database)).toEqual(tenants);
    expect(await runCli(project, ["migrate", "--failed"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Nothing to do"),
    });
  });

  test("is recorded with its outcomes, which rollouts shows", async () => {
    const { database, project } = await createPendingFleet();
    await runCli(project, ["migrate", "--on-error", "continue"]);
    const list = await runCli(project, ["rollouts"]);
    const [, newest = ""] = list.stdout.split("\n");
    expect(newest).toMatch(/^\d{8}-\d{6}-[0-9a-f]{4} +migrate +50 +47 +3 +0 /);
    const id = newest.split(" ")[0] ?? "";
    const shown = await runCli(project, ["rollouts", id]);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.stdout).toContain("3 targets: app/t07, app/t23, app/t41");
    expect(shown.stdout).toContain("SQLSTATE 23505");
    const document = JSON.parse((await runCli(project, ["rollouts", id, "--json"])).stdout);
    expect(document.outcomes).toHaveLength(50);
    expect(document.outcomes[7]).toMatchObject({ schema: "app_t07", status: "failed" });
    // A run that finds nothing to do is not recorded.
    await database.query(`UPDATE app_t07.people SET email = id::text`);
    await runCli(project, ["migrate", "--tenant", "t07"]);
    await runCli(project, ["migrate", "--tenant", "t07"]);
    expect((await runCli(project, ["rollouts"])).stdout.trim().split("\n")).toHaveLength(4);
    expect(await runCli(project, ["rollouts", "2020"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("rollout 2020 is not recorded"),
    });
  });

  test("stops early with --max-failures and reports what was not executed", async () => {
    const { database, project } = await createPendingFleet();
    const options = ["--max-failures", "2", "--concurrency", "1"];
    const run = await runCli(project, ["migrate", ...options]);
    expect(run.code).toBe(5);
    expect(run.stdout).toContain("Stopped: 3 targets failed (limit: 2)");
    expect(run.stdout).toContain("Not run: 8 targets (t42, t43, t44, t45, t46 and 3 more).");
    expect(await atHead(database)).toEqual(
      tenants.filter((tenant) => !bad.includes(tenant) && tenant < "t42"),
    );
    // A percentage counts only targets that have something to do: eleven now, of which three may fail.
    const rest = await runCli(project, ["migrate", "--max-failures", "30%", "--json"]);
    expect(JSON.parse(rest.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
      succeeded: 8,
      failed: 3,
      stopped: null,
    });
  });

  test("stops at the first failure with --on-error stop", async () => {
    const { project } = await createPendingFleet();
    const options = ["--on-error", "stop", "--concurrency", "1", "--json"];
    const run = await runCli(project, ["migrate", ...options]);
    expect(run.code).toBe(5);
    expect(JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
      succeeded: 7,
      failed: 1,
      notExecuted: 42,
      stopped: { kind: "failures" },
    });
  });

  test("is applied by a role that cannot record outcomes, with a warning that says what is missing", async () => {
    const { database, project } = await createPendingFleet();
    await database.query(`CREATE SCHEMA IF NOT EXISTS drizzle_fleet`);
    await database.query(
      `ALTER TABLE drizzle_fleet.outcomes RENAME COLUMN wave TO wave_of_another_version`,
    );
    const run = await runCli(project, ["migrate", "--tenant", "t00"]);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain("outcomes cannot be recorded in database main");
  });

  test("is selected by --failed even after repair or --to left it undone", async () => {
    const { database, project } = await createPendingFleet();
    await runCli(project, ["migrate"]);
    // The edited file makes the three fail for another reason; repair fixes that without migrating them.
    await writeFiles(
      project,
      history("drizzle/app", { ...second, "0000_people": `${first["0000_people"]}\n` }),
    );
    expect((await runCli(project, ["migrate", "--failed"])).code).toBe(5);
    expect(await runCli(project, ["repair", "--yes"])).toMatchObject({ code: 0 });
    expect(await runCli(project, ["migrate", "--to", "0000_people"])).toMatchObject({ code: 0 });
    for (const tenant of bad)
      await database.query(`UPDATE app_${tenant}.people SET email = id::text`);
    const retry = await runCli(project, ["migrate", "--failed", "--json"]);
    expect(JSON.parse(retry.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
      targets: 3,
      succeeded: 3,
    });
  });

  test("is recorded by a role that cannot create the control schema if another role has created it", async () => {
    const { database, project } = await createPendingFleet();
    const { role, url } = await createRole(database, { mayCreate: false });
    await database.query(`DROP SCHEMA drizzle_fleet CASCADE; CREATE SCHEMA drizzle_fleet AUTHORIZATION ${role};
      ALTER SCHEMA app_t00 OWNER TO ${role}; ALTER TABLE app_t00.people OWNER TO ${role}; ALTER TABLE app_t00.__fleet_ledger OWNER TO ${role}`);
    await writeFiles(project, { "drizzle.config.ts": configFile(appFleet(url, ["t00"])) });
    expect(await runCli(project, ["migrate"])).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining("cannot be recorded"),
    });
    // The role can neither use nor create the schema: the warning contains PostgreSQL's message.
    await database.query(`DROP SCHEMA drizzle_fleet CASCADE`);
    await writeFiles(
      project,
      history("drizzle/app", {
        ...second,
        "0002_more": `ALTER TABLE "people" ADD COLUMN "more" text;`,
      }),
    );
    const run = await runCli(project, ["migrate"]);
    expect(run).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("permission denied for database"),
    });
  });
});

test("invalid options are refused with the valid ones, and nothing is done", async () => {
  const { project } = await createPendingFleet();
  for (const options of [
    ["--soak", "30"],
    ["--max-failures", "a few"],
    ["--on-error", "panic"],
    ["--concurrency", "0"],
    ["--to", "0001_uniqe"],
    ["--wave", "0"],
  ]) {
    const run = await runCli(project, ["migrate", ...options]);
    expect(run.code, options.join(" ")).toBe(2);
    expect(run.stderr.length).toBeLessThan(300);
  }
});
