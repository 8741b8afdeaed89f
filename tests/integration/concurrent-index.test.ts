import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/core/outcome.ts";
import type { RolloutSummary } from "../../src/report/migrate.ts";
import { catalogOf } from "../support/catalog.ts";
import { createProject, runCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { appFleet, configFile, type Files, history, writeFiles } from "../support/fleet.ts";

const tenants = Array.from({ length: 10 }, (_, index) => `t${index}`);

const people = {
  "0000_people": `CREATE TABLE "people" ("id" serial PRIMARY KEY, "email" text NOT NULL, "team" integer NOT NULL, "active" boolean NOT NULL);
INSERT INTO "people" ("email", "team", "active") SELECT 'Someone' || n || '@example.org', n % 7, n % 3 = 0 FROM generate_series(1, 300) n;`,
};

/** Every kind of concurrent index: those with expressions or conditions make PostgreSQL wait more than plain ones. */
const indexes = (
  suffix: string,
) => `CREATE INDEX CONCURRENTLY "team_${suffix}" ON "people" ("team");
--> statement-breakpoint
CREATE UNIQUE INDEX CONCURRENTLY "email_${suffix}" ON "people" ("email");
--> statement-breakpoint
CREATE INDEX CONCURRENTLY "active_${suffix}" ON "people" (lower("email"), "team") WHERE "active";
--> statement-breakpoint
CREATE UNIQUE INDEX CONCURRENTLY "lower_${suffix}" ON "people" (lower("email")) WHERE "team" > 2;`;

const racing = {
  ...people,
  "0001_indexes": indexes("a"),
  "0002_more": `ALTER TABLE "people" ADD COLUMN "note" text;\n--> statement-breakpoint\n${indexes("b")}`,
  "0003_fewer": `DROP INDEX CONCURRENTLY "active_a";\n--> statement-breakpoint\n${indexes("c")}`,
};

/** Migrates a fleet to the table and fills it, then adds the other migrations. */
async function withRows(migrations: Files) {
  const database = await createDatabase();
  const fleet = appFleet(database.url, tenants, { concurrency: 4 });
  const project = await createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", people),
  });
  expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
  await writeFiles(project, history("drizzle/app", migrations));
  return { database, project };
}

type Line = { readonly type: string; readonly outcome?: Outcome };

function linesOf(stdout: string): Line[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function summaryOf(stdout: string): RolloutSummary {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

function invalidIndexes(database: TestDatabase) {
  return database.query(`SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid`);
}

function ledgers(database: TestDatabase, tenant: string) {
  return database.query(
    `SELECT tag, applied, statements, begun FROM app_${tenant}.__fleet_ledger ORDER BY tag`,
  );
}

/** Starts two runners with four connections each, and blocks their index builds until `builds` of them have begun. */
async function raceTwoRunners(database: TestDatabase, project: string, builds: number) {
  // A concurrent build finishes only when older transactions have ended, so this transaction blocks all of them.
  const older = await database.connect();
  await older.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await older.query("SELECT 1");
  const runners = Promise.all([1, 2].map(() => runCli(project, ["migrate", "--json"])));
  const building = async () =>
    (
      await database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^CREATE (UNIQUE )?INDEX CONCURRENTLY' AND wait_event = 'virtualxid'`,
      )
    ).length;
  await expect.poll(building, { timeout: 30_000 }).toBe(builds);
  await older.query("COMMIT");
  return runners;
}

describe("concurrent indexes that two runners build at the same time", () => {
  test("are all built, of every kind, without a deadlock", async () => {
    const { database, project } = await withRows(racing);
    const runs = await raceTwoRunners(database, project, 8);
    for (const { code, stdout, stderr } of runs) {
      expect(stdout + stderr).not.toMatch(/deadlock|40P01/i);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
    const applied = runs.map(({ stdout }) => summaryOf(stdout).applied);
    expect(applied.reduce((sum, count) => sum + count, 0)).toBe(tenants.length * 3);
    expect(Math.min(...applied)).toBeGreaterThanOrEqual(4);
    expect(
      await database.query(
        `SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`,
      ),
    ).toEqual([{ deadlocks: 0 }]);
    expect(await invalidIndexes(database)).toEqual([]);
    const expected = await catalogOf(database, "app_t0");
    expect(expected.filter((line) => line.startsWith("index "))).toHaveLength(12);
    for (const tenant of tenants) {
      expect(await catalogOf(database, `app_${tenant}`), tenant).toEqual(expected);
      expect(await ledgers(database, tenant), tenant).toEqual([
        { tag: "0000_people", applied: 2, statements: 2, begun: false },
        { tag: "0001_indexes", applied: 4, statements: 4, begun: false },
        { tag: "0002_more", applied: 5, statements: 5, begun: false },
        { tag: "0003_fewer", applied: 5, statements: 5, begun: false },
      ]);
    }
  });

  test("fail on duplicate rows, leave no invalid index, and are built after the rows are fixed", async () => {
    const unique = `CREATE UNIQUE INDEX CONCURRENTLY "email_unique" ON "people" (lower("email"));`;
    const { database, project } = await withRows({ ...people, "0001_unique": unique });
    const spoilt = ["t2", "t5", "t6", "t9"];
    const duplicate = (tenant: string) =>
      database.query(
        `INSERT INTO app_${tenant}.people (email, team, active) VALUES ('SOMEONE1@example.org', 0, true)`,
      );
    for (const tenant of spoilt) await duplicate(tenant);

    const runs = await raceTwoRunners(database, project, tenants.length - spoilt.length);
    for (const { code, stdout } of runs) {
      expect(code).toBe(5);
      const failures = linesOf(stdout).flatMap(({ outcome }) =>
        outcome?.failure === undefined ? [] : [[outcome.target.tenant, outcome.failure.sqlstate]],
      );
      expect(failures.sort()).toEqual(spoilt.map((tenant) => [tenant, "23505"]));
    }
    expect(await invalidIndexes(database)).toEqual([]);
    const reported = JSON.parse((await runCli(project, ["status", "--json"])).stdout);
    for (const { tenant, current, pending } of reported.targets) {
      const whole = !spoilt.includes(tenant);
      expect({ tenant, current, pending }).toEqual({
        tenant,
        current: whole ? "0001_unique" : "0000_people",
        pending: whole ? 0 : 1,
      });
      expect(await ledgers(database, tenant)).toHaveLength(whole ? 2 : 1);
      expect(
        await database.query(
          `SELECT FROM pg_indexes WHERE schemaname = $1 AND indexname = 'email_unique'`,
          [`app_${tenant}`],
        ),
      ).toHaveLength(whole ? 1 : 0);
    }

    for (const tenant of spoilt)
      await database.query(`DELETE FROM app_${tenant}.people WHERE email = 'SOMEONE1@example.org'`);
    const mended = await runCli(project, ["migrate", "--json"]);
    expect(mended).toMatchObject({ code: 0, stderr: "" });
    expect(summaryOf(mended.stdout)).toMatchObject({ succeeded: 4, skipped: 6, applied: 4 });
    expect(await invalidIndexes(database)).toEqual([]);
    const expected = await catalogOf(database, "app_t0");
    for (const tenant of tenants) {
      expect(await catalogOf(database, `app_${tenant}`), tenant).toEqual(expected);
      expect(await ledgers(database, tenant)).toContainEqual({
        tag: "0001_unique",
        applied: 1,
        statements: 1,
        begun: false,
      });
      await expect(duplicate(tenant)).rejects.toMatchObject({ code: "23505" });
    }
  });
});
