import type { ChildProcess } from "node:child_process";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { ended, runCli, startCli } from "../support/cli.ts";
import { createRole, type TestDatabase } from "../support/database.ts";
import { appFleet, configFile, history, writeFiles } from "../support/fleet.ts";
import { createFleet } from "../support/small-fleet.ts";

const tenants = Array.from({ length: 6 }, (_, index) => `t${index}`);
const first = { "0000_people": `CREATE TABLE "people" ("id" integer);` };
const second = { ...first, "0001_seen": `ALTER TABLE "people" ADD COLUMN "seen" boolean;` };
const downs = {
  "drizzle/app/0001_seen.down.sql": `ALTER TABLE "people" DROP COLUMN "seen";`,
};

/** Six tenants that are at the first of two migrations. */
function createPendingFleet(addressOf?: (database: TestDatabase) => Promise<string>) {
  return createFleet({
    tenants,
    migrations: first,
    pending: second,
    files: downs,
    settings: { concurrency: 2, timeouts: { lock: 60_000 } },
    ...(addressOf === undefined ? {} : { addressOf }),
  });
}

/** Blocks a rollout at tenant t0 until the returned function is called. */
async function holdUp(database: TestDatabase): Promise<() => Promise<unknown>> {
  const reader = await database.connect();
  await reader.query(`BEGIN; LOCK TABLE app_t0.people IN ACCESS SHARE MODE`);
  return () => reader.query("COMMIT");
}

/** Starts a command and waits until its first target has started. */
async function started(project: string, args: string[]): Promise<ChildProcess> {
  const child = startCli(project, [...args, "--json"]);
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("targetStarted")) resolve();
    });
    child.on("close", () => resolve());
  });
  return child;
}

/** The tenants that have the second migration. */
async function seen(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ tenant: string }>(
    `SELECT substr(table_schema, 5) AS tenant FROM information_schema.columns WHERE column_name = 'seen' ORDER BY 1`,
  );
  return rows.map(({ tenant }) => tenant);
}

function notes(database: TestDatabase) {
  return database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'drizzle-fleet migrate %'`,
  );
}

test("a downgrade is refused while a migration is in progress, and vice versa", async () => {
  const { database, project } = await createPendingFleet();
  const letGo = await holdUp(database);
  const migrating = await started(project, ["migrate"]);
  const over = ended(migrating);
  const refused = await runCli(project, ["downgrade", "0000_people", "--tenant", "t5"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /^error: a migration of app is under way in database "main" \(started \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\): process \d+ of /,
  );
  expect(refused.stderr).toContain(`process ${migrating.pid} of `);
  expect(refused.stderr).toContain(`@${hostname()}`.slice(0, 20));
  expect(refused.stderr).toMatch(
    /Then run: npx drizzle-fleet downgrade 0000_people --tenant t5\s*$/,
  );
  // Runs in the same direction share the work, and a dry run in the other direction is allowed.
  expect(await runCli(project, ["migrate", "--tenant", "t5"])).toMatchObject({ code: 0 });
  expect(await runCli(project, ["downgrade", "0000_people", "--dry-run"])).toMatchObject({
    code: 0,
  });
  await letGo();
  expect((await over).code).toBe(0);
  expect(await seen(database)).toEqual(tenants);
  expect(await notes(database)).toEqual([]);

  const letBack = await holdUp(database);
  const back = await started(project, ["downgrade", "0000_people"]);
  const gone = ended(back);
  const late = await runCli(project, ["migrate"]);
  expect(late.code).toBe(1);
  expect(late.stderr).toContain("error: a downgrade of app is under way");
  expect(late.stderr).toContain("Then run: npx drizzle-fleet migrate");
  await letBack();
  expect((await gone).code).toBe(0);
  expect(await seen(database)).toEqual([]);
});

test("the direction lock of a killed runner ends with it", async () => {
  const { database, project } = await createPendingFleet();
  const letGo = await holdUp(database);
  const migrating = await started(project, ["migrate"]);
  const over = ended(migrating);
  migrating.kill("SIGKILL");
  await over;
  await letGo();
  await expect.poll(() => notes(database)).toEqual([]);
  expect(await runCli(project, ["downgrade", "0000_people"])).toMatchObject({ code: 0 });
  expect(await seen(database)).toEqual([]);
});

test("a direction lock whose session was ended is taken again during the rollout", {
  timeout: 90_000,
}, async () => {
  const { database, project } = await createPendingFleet();
  const letGo = await holdUp(database);
  const migrating = await started(project, ["migrate"]);
  const over = ended(migrating);
  await expect.poll(() => notes(database)).toHaveLength(1);
  const [note] = await notes(database);
  await database.query("SELECT pg_terminate_backend($1)", [note?.pid]);
  await expect
    .poll(async () => (await notes(database)).map(({ pid }) => pid), { timeout: 20_000 })
    .toEqual([expect.not.toSatisfy((pid) => pid === note?.pid)]);
  expect(await runCli(project, ["downgrade", "0000_people"])).toMatchObject({ code: 1 });
  await letGo();
  expect((await over).code).toBe(0);
});

test("the direction lock needs no control schema and does not affect other services", async () => {
  const { database, project } = await createPendingFleet(
    async (own) => (await createRole(own, { mayCreate: true })).url,
  );
  await database.query(`DROP SCHEMA drizzle_fleet CASCADE`);
  const name = new URL(database.url).pathname.slice(1);
  const [owner] = await database.query(
    `SELECT nspowner::regrole::text AS role FROM pg_namespace WHERE nspname = 'app_t0'`,
  );
  await database.query(`REVOKE CREATE ON DATABASE ${name} FROM ${owner?.role}`);
  const letGo = await holdUp(database);
  const migrating = await started(project, ["migrate"]);
  const over = ended(migrating);
  const refused = await runCli(project, ["downgrade", "0000_people"]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("is under way") });
  await letGo();
  const { code, stderr } = await over;
  expect(code).toBe(0);
  expect(stderr).toContain("outcomes cannot be recorded in database main");

  const fleet = appFleet(database.url, tenants, { timeouts: { lock: 60_000 } });
  const other = { ...fleet.services.app, out: "./drizzle/log", tenantSchema: "log_{tenant}" };
  await writeFiles(project, {
    "drizzle.config.ts": configFile({
      ...fleet,
      services: { ...fleet.services, log: other as never },
    }),
    ...history("drizzle/log", first),
  });
  const letBack = await holdUp(database);
  const back = await started(project, ["downgrade", "0000_people", "--service", "app"]);
  const gone = ended(back);
  expect(await runCli(project, ["migrate", "--service", "log"])).toMatchObject({ code: 0 });
  expect(await runCli(project, ["migrate", "--service", "app"])).toMatchObject({ code: 1 });
  await letBack();
  expect((await gone).code).toBe(0);
});
