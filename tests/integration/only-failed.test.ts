import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { listRollouts } from "../../src/operations/rollouts.ts";
import { createProject, ended, runCli, startCli } from "../support/cli.ts";
import { createDatabase, createRole, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  configFile,
  contextFor,
  createFolder,
  downgradeAll,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";

const tenants = ["t0", "t1", "t2", "t3", "t4", "t5"];
const first = { "0000_people": `CREATE TABLE "people" ("id" integer, "email" text);` };
const second = {
  ...first,
  "0001_unique": `ALTER TABLE "people" ADD CONSTRAINT "people_email" UNIQUE ("email");`,
};
const downs = {
  "drizzle/app/0001_unique.down.sql": `ALTER TABLE "people" DROP CONSTRAINT "people_email";`,
};

async function spoil(database: TestDatabase, tenant: string): Promise<void> {
  await database.query(`INSERT INTO app_${tenant}.people VALUES (1, 'a'), (2, 'a')`);
}

async function correct(database: TestDatabase, tenant: string): Promise<void> {
  await database.query(`DELETE FROM app_${tenant}.people`);
}

/** Six tenants with one pending migration, which fails on the rows of `t1`. */
async function createFleet(more: Files = {}) {
  const database = await createDatabase();
  const project = await createProject({
    "drizzle.config.ts": configFile(appFleet(database.url, tenants, { concurrency: 1 })),
    ...history("drizzle/app", first),
    ...more,
  });
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
  await spoil(database, "t1");
  await writeFiles(project, { ...history("drizzle/app", second), ...downs });
  return { database, project };
}

function summaryOf(stdout: string) {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

test("the last line of a rollout that stopped early is the command that finishes it", async () => {
  const { database, project } = await createFleet();
  const run = await runCli(project, ["migrate", "--wave", "2", "--max-failures", "0"]);
  expect(run.code).toBe(5);
  expect(run.stdout).toMatch(/4 targets not run\. .*: npx drizzle-fleet migrate --failed\n$/);
  await correct(database, "t1");
  const retry = await runCli(project, ["migrate", "--failed", "--json"]);
  expect(retry.code).toBe(0);
  expect(summaryOf(retry.stdout)).toMatchObject({
    succeeded: 5,
    left: { targets: 0, of: 6, command: "npx drizzle-fleet migrate" },
  });
  expect((await runCli(project, ["status"])).stdout).toContain("All 6 targets are at head");
  expect(await runCli(project, ["migrate", "--failed"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Nothing to do"),
  });
});

test("the command in the last line has the selection of the original command", async () => {
  const { project } = await createFleet();
  const run = await runCli(
    project,
    ["migrate", "--to", "0001_unique", "--service", "app", "--database", "main"],
    { TENANTS: "t1 t2" },
  );
  expect(run.stdout).toMatch(
    /: TENANTS='t1 t2' npx drizzle-fleet migrate --to 0001_unique --failed --service app --database main\n$/,
  );
  // Only tenants of that run are left to migrate.
  const retry = await runCli(project, ["migrate", "--failed", "--json"]);
  expect(summaryOf(retry.stdout)).toMatchObject({
    targets: 1,
    failed: 1,
    left: { targets: 5, of: 6 },
  });
  const told = await runCli(project, ["migrate", "--failed"]);
  expect(told.stdout).toMatch(
    /Not at head: 5 of 6 targets. To migrate all of them, run: npx drizzle-fleet migrate\n$/,
  );
});

test("--failed finishes a killed rollout whose outcomes were not recorded", async () => {
  const { database, project } = await createFleet();
  await correct(database, "t1");
  const reader = await database.connect();
  await reader.query("BEGIN; LOCK TABLE app_t3.people IN ACCESS SHARE MODE");
  const child = startCli(project, ["migrate", "--json"]);
  const over = ended(child);
  const waiting = () =>
    database.query(
      `SELECT FROM pg_locks l, drizzle_fleet.rollouts WHERE NOT granted AND ended_at IS NULL
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
  await expect.poll(waiting, { timeout: 20_000 }).toHaveLength(1);
  child.kill("SIGKILL");
  await over;
  await reader.query("COMMIT");
  await database.query(`DELETE FROM drizzle_fleet.outcomes`);
  const list = (await runCli(project, ["rollouts"])).stdout.split("\n");
  expect(list[0]).toMatch(/not run +unknown +took/);
  expect(list[1]).toMatch(/migrate +6 +0 +0 +0 +6 +not finished/);
  const retry = await runCli(project, ["migrate", "--failed"]);
  expect(retry.code).toBe(0);
  expect((await runCli(project, ["status"])).stdout).toContain("All 6 targets are at head");
});

test("--failed finishes a rollout that was killed at its first target", async () => {
  const { database, project } = await createFleet();
  await correct(database, "t1");
  const child = startCli(project, ["migrate", "--json"]);
  child.stdout?.on("data", (chunk: Buffer) => {
    if (chunk.toString().includes("targetStarted")) child.kill("SIGKILL");
  });
  await ended(child);
  expect(child.signalCode).toBe("SIGKILL");
  const retry = await runCli(project, ["migrate", "--failed"]);
  expect(retry.code).toBe(0);
  expect((await runCli(project, ["status"])).stdout).toContain("All 6 targets are at head");
});

test("--failed follows the ledger, not the outcome", async () => {
  const { database, project } = await createFleet();
  await correct(database, "t1");
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
  // As if one tenant had been restored from an older backup.
  await database.query(
    `ALTER TABLE app_t4.people DROP CONSTRAINT people_email; DELETE FROM app_t4.__fleet_ledger WHERE tag = '0001_unique'`,
  );
  const retry = await runCli(project, ["migrate", "--failed", "--json"]);
  expect(retry.code).toBe(0);
  expect(summaryOf(retry.stdout)).toMatchObject({ targets: 1, succeeded: 1 });
});

test("--failed does not succeed if it finds nothing while targets are not at head", async () => {
  const { database, project } = await createFleet();
  await correct(database, "t1");
  // The migration was never attempted.
  const none = await runCli(project, ["migrate", "--failed"]);
  expect(none.code).toBe(1);
  expect(none.stdout).toContain(
    "Not at head: 6 of 6 targets. To migrate all of them, run: npx drizzle-fleet migrate",
  );
  // A tenant that was added since then was not part of any rollout.
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
  await writeFiles(project, {
    "drizzle.config.ts": configFile(appFleet(database.url, [...tenants, "new"])),
  });
  const added = await runCli(project, ["migrate", "--failed"]);
  expect(added.code).toBe(1);
  expect(added.stdout).toContain("Not at head: 1 of 7 targets.");
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
});

test("--failed is an error for a database that keeps no outcomes and has a target that is behind", async () => {
  const { database, project } = await createFleet();
  await database.query(`DROP SCHEMA drizzle_fleet CASCADE`);
  const refused = await runCli(project, ["migrate", "--failed", "--tenant", "t1"]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('database "main" has no record of any rollout');
  expect(refused.stderr).toMatch(
    /To include every target, run: npx drizzle-fleet migrate --tenant t1\s*$/,
  );
  const back = await runCli(project, ["downgrade", "base", "--failed", "--allow-data-loss"]);
  expect(back).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("has no record of any rollout"),
  });
});

test("a warning names outcomes that cannot be recorded, and the last line then has no --failed", async () => {
  const { database, project } = await createFleet();
  await database.query(
    `ALTER TABLE drizzle_fleet.outcomes RENAME COLUMN wave TO wave_of_another_version`,
  );
  const run = await runCli(project, ["migrate"]);
  expect(run.code).toBe(5);
  expect(run.stderr).toContain("outcomes cannot be recorded in database main");
  expect(run.stdout).toMatch(/: npx drizzle-fleet migrate\n$/);
});

test("the record in one database replaces a missing record in another", async () => {
  const [one, two] = [await createDatabase(), await createDatabase()];
  const { url } = await createRole(two, { mayCreate: false });
  for (const tenant of ["b", "d"])
    await two.query(
      `CREATE SCHEMA app_${tenant} AUTHORIZATION ${new URL(url).username}; CREATE TABLE app_${tenant}.stray ()`,
    );
  const fleet = {
    ...appFleet(one.url, []),
    databases: { main: { url: one.url }, other: { url } },
    tenants: ["a", "b", "c", "d"].map((id, index) => ({
      id,
      database: index % 2 === 0 ? "main" : "other",
    })),
  };
  const root = await createFolder(history("drizzle/app", first));
  const context = contextFor(root, fleet);
  const run = await migrateAll(context, { tenants: ["a", "b", "c"] });
  expect(byTenant(run)).toEqual({
    a: "succeeded 0000_people",
    b: "failed",
    c: "succeeded 0000_people",
  });
  expect(run.again).toMatch(
    /^npx drizzle-fleet migrate --tenant a --tenant b --tenant c( --config .*)?$/,
  );
  expect(await listRollouts(context, [], 5)).toMatchObject([
    { databases: ["main"], unkept: ["other"], counts: { succeeded: 2 } },
  ]);
  await two.query(`DROP TABLE app_b.stray, app_d.stray`);
  // `d` was not selected.
  const retry = await migrateAll(context, { failed: true });
  expect(byTenant(retry)).toEqual({ b: "succeeded 0000_people" });
  expect(retry.left).toMatchObject({ targets: 1, of: 4 });
});

test("a database in which a rollout had nothing to do has no missing record", async () => {
  const [one, two] = [await createDatabase(), await createDatabase()];
  const fleet = (ids: string[]) => ({
    ...appFleet(one.url, []),
    databases: { main: { url: one.url }, other: { url: two.url } },
    tenants: ids.map((id, index) => ({ id, database: index % 2 === 0 ? "main" : "other" })),
  });
  const root = await createFolder(history("drizzle/app", first));
  await migrateAll(contextFor(root, fleet(["a", "b"])), { tenants: ["b"] });
  await migrateAll(contextFor(root, fleet(["a", "b"])));
  const more = contextFor(root, fleet(["a", "b", "c", "d"]));
  expect(await listRollouts(more, [], 5)).toMatchObject([{ unkept: [] }, { unkept: [] }]);
  const retry = await migrateAll(more, { failed: true });
  expect(retry.outcomes).toEqual([]);
  expect(retry.left).toMatchObject({ targets: 2, of: 4 });
});

test("the clocks of runners do not matter", async () => {
  const { database, project } = await createFleet({
    "skew.mjs": `const off = Number(process.env.SKEW_MS); const D = Date;
globalThis.Date = class extends D { constructor(...a) { if (a.length === 0) super(D.now() + off); else super(...a); } static now() { return D.now() + off; } };`,
  });
  const skewed = {
    NODE_OPTIONS: `--import ${pathToFileURL(join(project, "skew.mjs")).href}`,
    SKEW_MS: String(3_600_000),
  };
  expect((await runCli(project, ["migrate"], skewed)).code).toBe(5);
  const [kept] = await database.query(
    `SELECT bool_and(abs(extract(epoch FROM now() - started_at)) < 300 AND abs(extract(epoch FROM now() - ended_at)) < 300) AS right,
       bool_and(id < to_char(now() AT TIME ZONE 'UTC' + interval '5 min', 'YYYYMMDD-HH24MISS')) AS id FROM drizzle_fleet.rollouts`,
  );
  expect(kept).toEqual({ right: true, id: true });
  await correct(database, "t1");
  expect(await runCli(project, ["migrate", "--failed"])).toMatchObject({ code: 0 });
  const again = await runCli(project, ["migrate", "--failed", "--json"]);
  expect(summaryOf(again.stdout)).toMatchObject({ targets: 0, left: { targets: 0, of: 6 } });
  const { rollouts } = JSON.parse((await runCli(project, ["rollouts", "--json"])).stdout);
  expect(rollouts.map(({ counts }: { counts: object }) => counts)).toEqual([
    { succeeded: 1 },
    { succeeded: 5, failed: 1 },
    { succeeded: 6 },
  ]);
});

test("--failed finishes a downgrade that stopped early, but not after a later migration", async () => {
  const database = await createDatabase();
  const root = await createFolder({ ...history("drizzle/app", second), ...downs });
  const context = contextFor(root, appFleet(database.url, tenants, { concurrency: 1 }));
  await migrateAll(context);
  const stop = new AbortController();
  const stopped = () =>
    downgradeAll({ ...context, signal: stop.signal }, { tag: "0000_people" }, {}, ({ type }) => {
      if (type === "stepApplied") stop.abort();
    });
  const run = await stopped();
  expect(byTenant(run)).toMatchObject({ t0: "succeeded 0001_unique", t5: "notExecuted" });
  expect(run.again).toMatch(/^npx drizzle-fleet downgrade 0000_people --failed( --config .*)?$/);
  const rest = await downgradeAll(context, { tag: "0000_people" }, { failed: true });
  expect(rest.outcomes.map(({ status }) => status)).toEqual(
    tenants.slice(1).map(() => "succeeded"),
  );

  await migrateAll(context);
  const halted = new AbortController();
  await downgradeAll(
    { ...context, signal: halted.signal },
    { tag: "0000_people" },
    {},
    ({ type }) => {
      if (type === "stepApplied") halted.abort();
    },
  );
  await migrateAll(context);
  const none = await downgradeAll(context, { tag: "0000_people" }, { failed: true });
  expect(none.outcomes).toEqual([]);
});

test("rollouts that an earlier version recorded count by their outcomes", async () => {
  const { database, project } = await createFleet();
  const options = ["--wave", "2", "--max-failures", "0"];
  expect((await runCli(project, ["migrate", ...options])).code).toBe(5);
  await database.query(`DROP TABLE drizzle_fleet.goals`);
  await correct(database, "t1");
  expect((await runCli(project, ["rollouts"])).code).toBe(0);
  const retry = await runCli(project, ["migrate", "--failed", "--json"]);
  expect(summaryOf(retry.stdout)).toMatchObject({ succeeded: 5 });
});
