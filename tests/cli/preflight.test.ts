import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { PreflightReport } from "../../src/core/preflight.ts";
import { runCli } from "../support/cli.ts";
import { createRole, type TestDatabase } from "../support/database.ts";
import { createFleet } from "../support/small-fleet.ts";

const table = {
  "0000_users": `CREATE TYPE "public"."mood" AS ENUM('happy', 'sad');
CREATE TABLE "teams" ("id" integer PRIMARY KEY);
CREATE TABLE "users" ("id" integer PRIMARY KEY, "email" text, "code" text, "team_id" integer, "age" integer,
  "mood" "mood", "name" text);`,
};

const stricter = {
  ...table,
  "0001_stricter": `ALTER TABLE "users" ALTER COLUMN "email" SET NOT NULL;
ALTER TABLE "users" ADD CONSTRAINT "users_code_unique" UNIQUE("code");
ALTER TABLE "users" ADD CONSTRAINT "users_team_fk" FOREIGN KEY ("team_id") REFERENCES "public"."teams"("id") ON DELETE no action;
ALTER TABLE "users" ADD CONSTRAINT "adult" CHECK ("users"."age" >= 18);
ALTER TABLE "public"."users" ALTER COLUMN "mood" SET DATA TYPE text;
DROP TYPE "public"."mood";
CREATE TYPE "public"."mood" AS ENUM('happy');
ALTER TABLE "public"."users" ALTER COLUMN "mood" SET DATA TYPE "public"."mood" USING "mood"::"public"."mood";
ALTER TABLE "users" ALTER COLUMN "name" SET DATA TYPE varchar(5);
ALTER TABLE "teams" ADD COLUMN "label" text;`,
};

/** What is wrong with each of seven tenants. */
const faults: Readonly<Record<string, string>> = {
  t011: "UPDATE app_t011.users SET email = NULL WHERE id <= 3",
  t042: "UPDATE app_t042.users SET code = 'same' WHERE id IN (1, 2)",
  t077: "UPDATE app_t077.users SET team_id = 99 WHERE id = 2",
  t123: "UPDATE app_t123.users SET age = 7 WHERE id = 1",
  t200: "UPDATE app_t200.users SET mood = 'sad' WHERE id = 4",
  t201: "UPDATE app_t201.users SET name = 'much too long' WHERE id <= 2",
  t300: "ALTER TABLE app_t300.teams OWNER TO postgres",
};
const bad = Object.keys(faults);
const tenants = Array.from({ length: 300 }, (_, index) => `t${String(index + 1).padStart(3, "0")}`);

/** Five rows in each tenant that every pending migration accepts. */
async function fill(database: TestDatabase, all: readonly string[]): Promise<void> {
  await database.query(`DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY[${all.map((one) => `'app_${one}'`).join(", ")}] LOOP
      EXECUTE format('INSERT INTO %I.teams VALUES (1)', t);
      EXECUTE format('INSERT INTO %I.users SELECT n, n || ''@x'', ''c'' || n, 1, 20, ''happy'', ''abc'' FROM generate_series(1, 5) n', t);
    END LOOP; END $$`);
}

async function reportOf(project: string, ...options: string[]): Promise<PreflightReport> {
  const { stdout, stderr } = await runCli(project, ["preflight", "--json", ...options]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as PreflightReport;
}

test("preflight names 7 of 300 tenants, and migrate then fails exactly these", async () => {
  const { database, project } = await createFleet({
    tenants,
    migrations: table,
    pending: stricter,
    addressOf: async (own) => (await createRole(own)).url,
  });
  await fill(database, tenants);
  for (const sql of Object.values(faults)) await database.query(sql);

  const run = await runCli(project, ["preflight"]);
  expect(run.code).toBe(3);
  expect(
    run.stdout,
  ).toContain(`x 1 target of app would fail: column users.email is NULL, and becomes NOT NULL
  drizzle/app/0001_stricter.sql:1
  at app/t011 (3 rows)
  -> Fill the column in these rows, or in a statement before it.
`);
  expect(run.stdout).toContain("7 of 300 targets would fail.");
  const report = await reportOf(project);
  const found = report.failing.flatMap(({ targets, place }) =>
    targets.map(({ target, rows }) => `${target.tenant} line ${place?.line} rows ${rows}`),
  );
  expect(found.sort()).toEqual([
    "t011 line 1 rows 3",
    "t042 line 2 rows 1",
    "t077 line 3 rows 1",
    "t123 line 4 rows 1",
    "t200 line 8 rows 1",
    "t201 line 9 rows 2",
    "t300 line undefined rows null",
  ]);
  expect(await headsOf(database)).toEqual({ "0000_users": 300 });

  const stopped = await runCli(project, ["migrate", "--preflight"]);
  expect(stopped.code).toBe(3);
  expect(stopped.stdout).toContain("Stopped: preflight found targets that would fail");
  expect(await headsOf(database)).toEqual({ "0000_users": 300 });

  const { stdout, code } = await runCli(project, ["migrate", "--json"]);
  expect(code).toBe(5);
  expect(tenantsWith(stdout, "failed")).toEqual(bad);
  expect(tenantsWith(stdout, "succeeded")).toHaveLength(293);
});

/** How many tenants have each migration as their newest. */
async function headsOf(database: TestDatabase): Promise<Record<string, number>> {
  const schemas = await database.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'app%'",
  );
  const heads = schemas.map(({ name }) => `SELECT max(tag) AS tag FROM ${name}.__fleet_ledger`);
  const rows = await database.query<{ tag: string; count: number }>(
    `SELECT tag, count(*)::integer AS count FROM (${heads.join(" UNION ALL ")}) heads GROUP BY tag`,
  );
  return Object.fromEntries(rows.map(({ tag, count }) => [tag, count]));
}

function tenantsWith(stdout: string, status: string): string[] {
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return events
    .flatMap(({ type, outcome }) =>
      type === "targetEnded" && outcome.status === status ? outcome.target.tenant : [],
    )
    .sort();
}

const four = ["a", "b", "c", "d"];

/** Four tenants with rows, of which c violates what is pending. */
async function fourTenants(pending: string) {
  const fleet = await createFleet({
    tenants: four,
    migrations: table,
    pending: { ...table, "0001_next": pending },
  });
  await fill(fleet.database, four);
  await fleet.database.query("UPDATE app_c.users SET email = NULL");
  return fleet;
}

const required = `ALTER TABLE "users" ALTER COLUMN "email" SET NOT NULL;`;

test("migrate leaves out targets that would fail, or migrates them last", async () => {
  const { project, database } = await fourTenants(required);
  const skipped = await runCli(project, ["migrate", "--failing", "skip", "--canary", "c"]);
  expect(skipped.code).toBe(5);
  expect(skipped.stdout).toContain("it would fail: column users.email is NULL");
  expect(await headsOf(database)).toEqual({ "0000_users": 1, "0001_next": 3 });

  const other = await fourTenants(required);
  const last = await runCli(other.project, [
    "migrate",
    "--failing",
    "last",
    "--canary",
    "c",
    "--json",
  ]);
  const ended = last.stdout.split("\n").filter((line) => line.includes('"targetEnded"'));
  expect(JSON.parse(ended.at(-1) ?? "")).toMatchObject({
    wave: "would fail",
    outcome: { target: { tenant: "c" }, status: "failed", failure: { sqlstate: "23502" } },
  });
  expect(await headsOf(other.database)).toEqual({ "0000_users": 1, "0001_next": 3 });
});

test("a pending backfill makes an assertion moot, and a rehearsal decides", async () => {
  const { project, database } = await fourTenants(
    `UPDATE "users" SET "email" = 'none' WHERE "email" IS NULL AND "id" > 1;\n${required}`,
  );
  const report = await reportOf(project);
  expect(report.failing).toEqual([]);
  expect(report.unchecked).toContainEqual({
    service: "app",
    place: expect.objectContaining({ line: 2 }),
    reason: "0001_next:1 changes users.email",
    targets: 4,
  });
  const { failing, rehearsed, unchecked } = await reportOf(project, "--rehearse");
  expect(failing).toEqual([
    expect.objectContaining({
      place: expect.objectContaining({ line: 2 }),
      message: expect.stringContaining("SQLSTATE 23502"),
      targets: [{ target: expect.objectContaining({ tenant: "c" }), rows: null }],
    }),
  ]);
  expect({ rehearsed, unchecked }).toEqual({ rehearsed: 4, unchecked: [] });
  expect(await headsOf(database)).toEqual({ "0000_users": 4 });
  expect(await database.query("SELECT id FROM app_c.users WHERE email IS NULL")).toHaveLength(5);
});

test("a rehearsal leaves out tables that are too large", async () => {
  const { project, database } = await fourTenants(`ALTER TABLE "users" ADD COLUMN "x" text;`);
  await database.query(
    "INSERT INTO app_d.users (id, name) SELECT n, repeat('x', 500) FROM generate_series(10, 3000) n",
  );
  await database.query("ANALYZE app_d.users");
  const { rehearsed, unchecked } = await reportOf(project, "--rehearse-up-to", "1MB");
  expect(rehearsed).toBe(3);
  expect(unchecked).toMatchObject([
    { reason: "not rehearsed: table users is too large", targets: 1 },
  ]);
});

test("preflight names a transaction that is in the way", async () => {
  const { project, database } = await fourTenants(`ALTER TABLE "users" ADD COLUMN "x" text;`);
  const other = await database.connect();
  await other.query("SET application_name = 'report'");
  await other.query("BEGIN; SELECT count(*) FROM app_b.users");
  await sleep(400);
  const run = await runCli(project, ["preflight", "--lock-timeout", "300ms"]);
  expect(run.code).toBe(3);
  expect(run.stdout).toMatch(
    /x database main: idle transaction of postgres \(report\), pid \d+, has locked users of schema app_b for \d+ ms/,
  );
  const stopped = await runCli(project, ["migrate", "--preflight", "--lock-timeout", "300ms"]);
  expect(stopped.code).toBe(3);
  await other.query("ROLLBACK");
  expect(await runCli(project, ["preflight"])).toMatchObject({ code: 0 });
});

test("preflight says that the server has too few lock slots, and that the disk is too small", async () => {
  const [settings] = await (await fourTenants("SELECT 1;")).database.query<{ slots: number }>(
    `SELECT current_setting('max_locks_per_transaction')::integer * (current_setting('max_connections')::integer
       + current_setting('max_worker_processes')::integer + current_setting('max_wal_senders')::integer + 4) AS slots`,
  );
  const count = Math.ceil((settings?.slots ?? 0) / 8);
  const tables = Array.from(
    { length: count },
    (_, index) => `CREATE TABLE "n${index}" ("id" integer PRIMARY KEY);`,
  );
  const { project, database } = await fourTenants(
    `ALTER TABLE "users" ALTER COLUMN "id" TYPE bigint;\n${tables.join("\n")}`,
  );
  await database.query("ANALYZE app_a.users");
  const { obstacles } = await reportOf(project, "--disk-free", "1kB");
  expect(obstacles).toMatchObject([
    { kind: "lockSlots", severity: "error", message: expect.stringContaining("x 4 targets") },
    { kind: "disk", severity: "error" },
  ]);
});

test("the users' own assertions are part of a migration", async () => {
  const { project } = await fourTenants(
    `-- drizzle-fleet: assert SELECT FROM "public"."users" WHERE "email" IS NULL;\nALTER TABLE "users" ADD COLUMN "x" text;`,
  );
  const { failing } = await reportOf(project);
  expect(failing).toMatchObject([
    { place: { line: 1 }, targets: [{ target: { tenant: "c" }, rows: 5 }] },
  ]);
  const wrong = await fourTenants(
    `-- drizzle-fleet: assert DELETE FROM "users"\nALTER TABLE "users" ADD COLUMN "x" text;`,
  );
  const refused = await runCli(wrong.project, ["preflight"]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("0001_next.sql:1");
  expect(refused.stderr).toContain("the assertion is not one SELECT");
});
