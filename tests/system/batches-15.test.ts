import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres(15);
});
afterAll(() => server?.stop());

test("a statement in batches continues after a failure on PostgreSQL 15", async () => {
  const database = await createDatabase(server?.url);
  const root = await createFolder(
    history("drizzle/app", {
      "0000_t": `CREATE TABLE "t" ("at" timestamptz, "id" text, "n" integer NOT NULL, PRIMARY KEY ("at", "id"));
INSERT INTO "t" SELECT now() + g % 7 * interval '1 day', g::text, CASE WHEN g = 77 THEN 0 ELSE 1 END FROM generate_series(1, 100) AS g;`,
      "0001_batches": `-- drizzle-fleet: batch 8 by at, id\nUPDATE t SET n = n + 1 / n;`,
    }),
  );
  const fleet = appFleet(database.url, ["a", "b"], { backfill: { pause: 0 } });
  const context = contextFor(root, fleet);
  const failed = await migrateAll(context);
  expect(byTenant(failed)).toEqual({ a: "failed 0000_t", b: "failed 0000_t" });
  expect(failed.outcomes[0]).toMatchObject({ failure: { sqlstate: "22012" }, batches: {} });
  await database.query(
    `UPDATE app_a.t SET n = 1 WHERE n = 0; UPDATE app_b.t SET n = 1 WHERE n = 0`,
  );
  expect(byTenant(await migrateAll(context))).toEqual({
    a: "succeeded 0001_batches",
    b: "succeeded 0001_batches",
  });
  for (const tenant of ["a", "b"])
    expect(
      await database.query(`SELECT n, count(*)::int AS rows FROM app_${tenant}.t GROUP BY n`),
    ).toEqual([{ n: 2, rows: 100 }]);
});
