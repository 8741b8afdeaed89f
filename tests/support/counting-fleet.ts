import { expect } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import { catalogOf } from "./catalog.ts";
import { createProject } from "./cli.ts";
import type { TestDatabase } from "./database.ts";
import { appFleet, configFile, history } from "./fleet.ts";

/** Six migrations that show if one ran twice: each data migration adds a row, and none uses IF NOT EXISTS. */
const migrations = {
  "0000_runs": `CREATE TABLE "runs" ("tag" text);\nINSERT INTO "runs" VALUES ('0000');`,
  "0001_enum": `CREATE TYPE "public"."kind" AS ENUM ('a');\nCREATE TABLE "things" ("id" serial, "kind" "public"."kind");\nINSERT INTO "runs" VALUES ('0001');`,
  "0002_data": `SELECT pg_sleep(0.2);\nINSERT INTO "things" ("kind") SELECT 'a' FROM generate_series(1, 200);\nINSERT INTO "runs" VALUES ('0002');`,
  "0003_index": `CREATE INDEX CONCURRENTLY "things_kind" ON "things" ("kind");`,
  "0004_value": `ALTER TYPE "public"."kind" ADD VALUE 'b';\nUPDATE "things" SET "kind" = 'b' WHERE "id" % 2 = 0;\nINSERT INTO "runs" VALUES ('0004');`,
  "0005_last": `ALTER TABLE "things" ADD COLUMN "note" text DEFAULT 'x' NOT NULL;\nINSERT INTO "runs" VALUES ('0005');`,
};

/** The number of migrations that each tenant of the counting fleet gets. */
export const migrationCount = Object.keys(migrations).length;

/** A user's project whose migrations count how often they ran. */
export function createCountingProject(
  database: TestDatabase,
  tenants: string[],
  more: Partial<FleetInput> = {},
): Promise<string> {
  const fleet = appFleet(database.url, tenants, more);
  return createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", migrations),
  });
}

/** Expects that every tenant has every migration exactly once, and that no index is invalid. */
export async function expectEverythingOnce(
  database: TestDatabase,
  tenants: readonly string[],
): Promise<void> {
  const expected = await catalogOf(database, `app_${tenants[0]}`);
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
    expect(entries, tenant).toEqual([{ entries: migrationCount, whole: true }]);
  }
  expect(
    await database.query(`SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid`),
  ).toEqual([]);
}
