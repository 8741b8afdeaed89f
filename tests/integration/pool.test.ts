import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createPool } from "../../src/postgres/pool.ts";
import { createDatabase } from "../support/database.ts";

const options = {
  applicationName: "helper",
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 60_000,
  max: 2,
};

test("a pool names its connections, keeps its size, and replaces lost idle connections", async () => {
  const database = await createDatabase();
  const pool = createPool({ name: "main", url: database.url }, options);
  onTestFinished(() => pool.end());
  const slow = () => pool.query("SELECT pg_backend_pid() AS pid, pg_sleep(0.1)");
  const results = await Promise.all([slow(), slow(), slow(), slow()]);
  expect(new Set(results.map(({ rows }) => rows[0].pid)).size).toBe(2);
  const ended = await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'helper'`,
  );
  expect(ended).toHaveLength(2);
  while (pool.totalCount > 0) await sleep(10);
  expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});
