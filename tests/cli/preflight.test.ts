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
  expect(run.stdout).toBe("");
  const report = await reportOf(project);
  const found = report.failing.flatMap(({ targets, message }) =>
    targets.map(({ target, rows }) => `${target.tenant} ${rows} ${message}`),
  );
  expect(found.sort()).toEqual([]);
  const { stdout } = await runCli(project, ["migrate", "--json"]);
  const ended = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === "targetEnded");
  const failed = ended.filter(({ outcome }) => outcome.status === "failed");
  expect(failed.map(({ outcome }) => outcome.target.tenant).sort()).toEqual(bad);
  expect(ended.filter(({ outcome }) => outcome.status === "succeeded")).toHaveLength(293);
});
