import { expect, test } from "vitest";
import { createProject, ended, startCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  configFile,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";
import { later } from "../support/later.ts";

const slow = {
  "0000_fast": `CREATE TABLE "t" ("id" integer);`,
  "0001_slow": `ALTER TABLE "t" ADD COLUMN "a" text;\n--> statement-breakpoint\nSELECT pg_sleep(60);`,
};

async function untilSleeping(database: TestDatabase, count: number): Promise<void> {
  for (;;) {
    const rows = await database.query(
      `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`,
    );
    if (rows.length === count) return;
  }
}

test("the second signal cancels running migrations, which are rolled back and reported", async () => {
  const database = await createDatabase();
  const fleet = appFleet(database.url, ["a", "b", "c"], { concurrency: 2 });
  const project = await createProject({
    "drizzle.config.ts": configFile(fleet),
    ...history("drizzle/app", slow),
  });
  const child = startCli(project, ["migrate", "--json"]);
  const end = ended(child);
  await untilSleeping(database, 2);
  child.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 300));
  child.kill("SIGTERM");
  const { code, stdout, stderr } = await end;
  expect(code).toBe(130);
  expect(stderr).toContain("Those that take longer than 20 s are cancelled.");
  const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(summary).toMatchObject({ failed: 2, notExecuted: 1, stopped: { kind: "interrupted" } });
  expect(summary.failures).toMatchObject([{ sqlstate: "57014", tag: "0001_slow" }]);
  const columns = await database.query(
    `SELECT table_schema, column_name FROM information_schema.columns
     WHERE table_schema LIKE 'app%' AND table_name = 't' ORDER BY 1`,
  );
  expect(columns).toEqual([
    { table_schema: "app_a", column_name: "id" },
    { table_schema: "app_b", column_name: "id" },
  ]);
  const backends = `SELECT state FROM pg_stat_activity
    WHERE application_name = 'drizzle-fleet' AND datname = current_database()`;
  expect(await database.query(backends)).toEqual([]);
});

test("a cancelled CREATE INDEX CONCURRENTLY leaves no invalid index, and the next run builds the index", async () => {
  const database = await createDatabase();
  const root = await createFolder(
    history("drizzle/app", {
      "0000_t": `CREATE TABLE "t" ("id" integer);\nINSERT INTO "t" VALUES (1);`,
      "0001_index": `CREATE INDEX CONCURRENTLY "t_id" ON "t" ("id");`,
    }),
  );
  const fleet = appFleet(database.url, ["a"]);
  const blocker = await database.connect();
  const stop = new AbortController();
  const cancel = new AbortController();
  const context = { ...contextFor(root, fleet), signal: stop.signal, cancel: cancel.signal };
  const result = await migrateAll(context, {}, (event) => {
    if (event.type !== "stepApplied") return;
    // The build waits for this transaction; then it is cancelled.
    void blocker.query(`BEGIN; INSERT INTO app_a.t VALUES (2)`).then(() =>
      setTimeout(() => {
        stop.abort();
        cancel.abort();
        later(300, () => blocker.query("COMMIT"));
      }, 500),
    );
  });
  expect(byTenant(result)).toEqual({ a: "failed 0000_t" });
  expect(result.outcomes[0]?.failure).toMatchObject({ sqlstate: "57014", tag: "0001_index" });
  expect(result.outcomes[0]?.failure?.remedy).toContain("The migration was cancelled on request");
  expect(await database.query(`SELECT FROM pg_index WHERE NOT indisvalid`)).toEqual([]);
  expect(byTenant(await migrateAll(contextFor(root, fleet)))).toEqual({
    a: "succeeded 0001_index",
  });
});
