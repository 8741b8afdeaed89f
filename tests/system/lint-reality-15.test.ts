import { expect, onTestFinished, test } from "vitest";
import { compareWithReality } from "../support/lint-reality.ts";
import { startPostgres } from "../support/postgres-server.ts";

test("on PostgreSQL 15, the trace names exactly the locks that other sessions meet, and the rewrites and scans of tables with rows", async () => {
  const server = await startPostgres(15);
  onTestFinished(() => server.stop());
  expect(await compareWithReality(server.url)).toBeGreaterThanOrEqual(150);
});
