import { afterAll, beforeAll, expect, test } from "vitest";
import { status } from "../../src/operations/status.ts";
import { createDatabase } from "../support/database.ts";
import { appFleet, contextFor, createFolder, history, migrateAll } from "../support/fleet.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { runPsql, scriptFile } from "../support/psql.ts";

let server: PostgresServer | undefined;
beforeAll(async () => {
  server = await startPostgres(15);
});
afterAll(() => server?.stop());

test("a dump of a tenant is restored without an error, and its ledger is still sealed", async () => {
  if (server === undefined) throw new Error("the server did not start");
  const [from, to] = [await createDatabase(server.url), await createDatabase(server.url)];
  const root = await createFolder(
    history("drizzle/app", { "0000_people": `CREATE TABLE "people" ("id" integer);` }),
  );
  await migrateAll(contextFor(root, appFleet(from.url, ["a"])));
  const dump = await scriptFile(await server.dump(from.url, "app_a"));
  expect(await runPsql(to, dump)).toMatchObject({ code: 0, stderr: "" });
  const pendingOf = async () => {
    const context = contextFor(root, appFleet(to.url, ["a"]));
    const [target] = await status(context, { services: [], tenants: [], databases: [] });
    return target?.pending;
  };
  // A sealed ledger is not opened.
  const blocker = await to.connect();
  await blocker.query("BEGIN; LOCK TABLE app_a.__fleet_ledger");
  expect(await pendingOf()).toBe(0);
  await blocker.query("ROLLBACK; DELETE FROM app_a.__fleet_ledger");
  expect(await pendingOf()).toBe(1);
});
