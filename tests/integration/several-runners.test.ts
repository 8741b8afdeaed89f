import { describe, expect, test } from "vitest";
import { catalogOf } from "../support/catalog.ts";
import { createProject, ended, runCli, startCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { appFleet, history } from "../support/fleet.ts";

const tenants = Array.from({ length: 12 }, (_, index) => `t${index}`);

/** Six migrations that would show a second run: each data migration adds a row, and nothing says IF NOT EXISTS. */
const migrations = {
  "0000_runs": `CREATE TABLE "runs" ("tag" text);\nINSERT INTO "runs" VALUES ('0000');`,
  "0001_enum": `CREATE TYPE "public"."kind" AS ENUM ('a');\nCREATE TABLE "things" ("id" serial, "kind" "public"."kind");\nINSERT INTO "runs" VALUES ('0001');`,
  "0002_data": `INSERT INTO "things" ("kind") SELECT 'a' FROM generate_series(1, 200);\nINSERT INTO "runs" VALUES ('0002');`,
  "0003_index": `CREATE INDEX CONCURRENTLY "things_kind" ON "things" ("kind");`,
  "0004_value": `ALTER TYPE "public"."kind" ADD VALUE 'b';\nUPDATE "things" SET "kind" = 'b' WHERE "id" % 2 = 0;\nINSERT INTO "runs" VALUES ('0004');`,
  "0005_last": `ALTER TABLE "things" ADD COLUMN "note" text DEFAULT 'x' NOT NULL;\nINSERT INTO "runs" VALUES ('0005');`,
};

async function createFleet(database: TestDatabase): Promise<string> {
  const fleet = appFleet(database.url, tenants, { concurrency: 4 });
  return createProject({
    "drizzle.config.ts": `import { defineFleet } from "drizzle-fleet/config";\nexport default defineFleet(${JSON.stringify(fleet)});`,
    ...history("drizzle/app", migrations),
  });
}

async function expectWhole(database: TestDatabase): Promise<void> {
  const expected = await catalogOf(database, "app_t0");
  expect(expected.length).toBeGreaterThan(10);
  for (const tenant of tenants) {
    const runs = await database.query(`SELECT tag FROM app_${tenant}.runs ORDER BY tag`);
    expect(
      runs.map(({ tag }) => tag),
      tenant,
    ).toEqual(["0000", "0001", "0002", "0004", "0005"]);
    expect(await catalogOf(database, `app_${tenant}`), tenant).toEqual(expected);
    const entries = await database.query(
      `SELECT count(*)::int AS entries, bool_and(applied = statements) AS whole FROM app_${tenant}.__fleet_ledger`,
    );
    expect(entries, tenant).toEqual([{ entries: 6, whole: true }]);
  }
  expect(
    await database.query(`SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid`),
  ).toEqual([]);
}

describe("several runners on one fleet", () => {
  test("share the work: every migration once per tenant, and no error", async () => {
    const database = await createDatabase();
    const project = await createFleet(database);
    const runs = await Promise.all([1, 2, 3].map(() => runCli(project, ["migrate", "--json"])));
    for (const run of runs) expect(run).toMatchObject({ code: 0 });
    const applied = runs.map(
      ({ stdout }) => JSON.parse(stdout.trim().split("\n").at(-1) ?? "").applied as number,
    );
    expect(applied.reduce((sum, count) => sum + count, 0)).toBe(tenants.length * 6);
    await expectWhole(database);
  });

  test("a runner that is killed at any moment leaves nothing half done", async () => {
    const database = await createDatabase();
    const project = await createFleet(database);
    // Killed after so many events: before the first step, between steps, and near the end.
    let killed = 0;
    for (const events of [1, 2, 5, 9, 14, 20]) {
      const child = startCli(project, ["migrate", "--json"]);
      let seen = 0;
      child.stdout?.on("data", (chunk: Buffer) => {
        seen += chunk.toString().split("\n").length - 1;
        if (seen >= events) child.kill("SIGKILL");
      });
      if ((await ended(child)).code === -1) killed += 1;
    }
    expect(killed).toBeGreaterThanOrEqual(4);
    expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
    await expectWhole(database);
  });

  test("a runner whose backends are terminated goes on and ends well", async () => {
    const database = await createDatabase();
    const project = await createFleet(database);
    const child = startCli(project, ["migrate"]);
    const kill = setInterval(() => {
      void database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'drizzle-fleet' AND datname = current_database() AND random() < 0.3`,
      );
    }, 60);
    const stop = setTimeout(() => clearInterval(kill), 2_000);
    const result = await ended(child);
    clearInterval(kill);
    clearTimeout(stop);
    expect(result.stderr).not.toMatch(/TypeError|at .*\.js:/);
    expect(await runCli(project, ["migrate"])).toMatchObject({ code: 0 });
    await expectWhole(database);
  });

  test("an interrupted runner ends what runs, starts nothing more, and says so", async () => {
    const database = await createDatabase();
    const slow = history("drizzle/app", {
      "0000_slow": `SELECT pg_sleep(0.5);\nCREATE TABLE "t" ("id" integer);`,
    });
    const fleet = JSON.stringify(appFleet(database.url, tenants, { concurrency: 2 }));
    const project = await createProject({
      "drizzle.config.ts": `import { defineFleet } from "drizzle-fleet/config";\nexport default defineFleet(${fleet});`,
      ...slow,
    });
    const child = startCli(project, ["migrate", "--json"]);
    child.stdout?.once("data", () => setTimeout(() => child.kill("SIGINT"), 200));
    const { code, stdout } = await ended(child);
    expect(code).toBe(130);
    const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    expect(summary).toMatchObject({ succeeded: 2, notExecuted: 10, failed: 0 });
  });
});
