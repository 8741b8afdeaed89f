import { expect, test } from "vitest";
import type { RolloutEvent } from "../../src/core/events.ts";
import { migrate } from "../../src/operations/migrate.ts";
import { createDatabase, urlWith } from "../support/database.ts";
import {
  appFleet,
  contextFor,
  createFolder,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { SilentProxy } from "../support/silent-proxy.ts";

const first = { "0000_t": `CREATE TABLE "t" ("id" integer);` };
const slow = { ...first, "0001_slow": `SELECT pg_sleep(9) FROM "t";` };

test("a long statement is reported, and does not delay the report of its worker's earlier targets", async () => {
  const database = await createDatabase();
  const root = await createFolder(history("drizzle/app", first));
  const context = contextFor(root, appFleet(database.url, ["a", "b", "c"], { concurrency: 1 }));
  await migrateAll(context);
  await database.query(`INSERT INTO app_b.t VALUES (1)`);
  await writeFiles(root, history("drizzle/app", slow));
  const { events } = await migrateAll(context);
  const said = events.flatMap((event) => {
    if (event.type === "targetEnded") return [`${event.outcome.target.tenant} ended`];
    if (event.type === "waiting")
      return event.for.map(({ target, tag }) => `${target?.tenant} ${tag}`);
    return [];
  });
  // The first one is flushed while the second one runs.
  expect(said).toEqual(["a ended", "b 0001_slow", "b ended", "c ended"]);
  const waits = events.filter((event) => event.type === "waiting");
  expect(waits[0]?.for[0]?.forMs).toBeGreaterThanOrEqual(5_000);
  const backends = `SELECT FROM pg_stat_activity WHERE application_name = 'drizzle-fleet' AND datname = current_database()`;
  expect(await database.query(backends)).toEqual([]);
});

test("the holder of a lock is reported while a statement waits for it", async () => {
  const database = await createDatabase();
  const index = { ...first, "0001_index": `CREATE INDEX CONCURRENTLY "i" ON "t" ("id");` };
  const root = await createFolder(history("drizzle/app", first));
  const context = contextFor(root, appFleet(database.url, ["a"]));
  await migrateAll(context);
  await writeFiles(root, history("drizzle/app", index));
  const blocker = await database.connect();
  await blocker.query(
    `SET application_name = 'night report'; BEGIN; INSERT INTO app_a.t VALUES (1)`,
  );
  const { events } = await migrateAll(context, {}, (event) => {
    if (event.type === "waiting" && event.for[0]?.holders !== undefined)
      void blocker.query("COMMIT");
  });
  const waits = events.filter((event) => event.type === "waiting");
  expect(waits.at(-1)?.for).toMatchObject([
    { tag: "0001_index", holders: [{ application: "night report" }] },
  ]);
});

test("a server that does not answer is reported, before and during a rollout", {
  timeout: 120_000,
}, async () => {
  const database = await createDatabase();
  const proxy = await SilentProxy.open(database.url);
  const url = urlWith(database.url, { hostname: "127.0.0.1", port: String(proxy.port) });
  const root = await createFolder(history("drizzle/app", { ...first, "0001_more": "SELECT 1;" }));
  const fleet = appFleet(url, ["a"], { connectTimeout: 9_000, timeouts: { statement: "1s" } });
  const notes: string[] = [];
  const context = { ...contextFor(root, fleet), notify: (line: string) => void notes.push(line) };
  const { events } = await migrateAll(context, {}, ({ type }) => {
    if (type === "stepApplied") proxy.silenceForGood();
  });
  const waits = events.filter((event) => event.type === "waiting").flatMap((event) => event.for);
  expect(waits).toContainEqual({ forMs: expect.any(Number), reason: "timeout expired" });
  const all = { services: [], tenants: [], databases: [] };
  const ignore = (_: RolloutEvent) => undefined;
  await expect(migrate(context, all, ignore)).rejects.toMatchObject({ code: "unreachable" });
  expect(notes.at(-1)).toMatch(/^waiting for database "main" at [^ ]+ \(timeout expired\), 5 s$/);
});
