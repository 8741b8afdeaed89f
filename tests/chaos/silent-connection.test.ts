import { describe, expect, test } from "vitest";
import { defineFleet } from "../../src/config/define.ts";
import { lockKey } from "../../src/postgres/lock.ts";
import { openFleet } from "../../src/runtime/open.ts";
import { createDatabase, urlWith } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { later } from "../support/later.ts";
import { createProxiedFleet } from "../support/proxied-fleet.ts";
import { SilentProxy } from "../support/silent-proxy.ts";

const first = { "0000_t": `CREATE TABLE "t" ("id" integer);` };
const slow = { ...first, "0001_slow": `INSERT INTO "t" VALUES (1);\nSELECT pg_sleep(1);` };

describe("a connection that goes silent", () => {
  test("while a statement runs: the ledger is read on a new connection, and nothing is applied twice", async () => {
    const timeouts = { statement: "2s" };
    const { database, proxy, context } = await createProxiedFleet(slow, ["a", "b"], { timeouts });
    let silenced = false;
    const result = await migrateAll(context, {}, ({ type }) => {
      if (type !== "stepApplied" || silenced) return;
      silenced = true;
      setTimeout(() => proxy.silence(), 300);
    });
    expect(silenced).toBe(true);
    expect(byTenant(result)).toEqual({
      a: "succeeded 0000_t,0001_slow",
      b: "succeeded 0000_t,0001_slow",
    });
    for (const tenant of ["a", "b"])
      expect(await database.query(`SELECT id FROM app_${tenant}.t`)).toEqual([{ id: 1 }]);
  });

  test("while an index is built: it is not built twice, and the target's lock is released", async () => {
    const index = { ...first, "0001_index": `CREATE INDEX CONCURRENTLY "i" ON "t" ("id");` };
    const { database, proxy, context } = await createProxiedFleet(first);
    await migrateAll(context);
    await writeFiles(context.config.root, history("drizzle/app", index));
    const blocker = await database.connect();
    await blocker.query(`BEGIN; INSERT INTO app_a.t VALUES (1)`);
    const result = await migrateAll(context, {}, ({ type }) => {
      if (type !== "targetStarted") return;
      setTimeout(() => proxy.silence(), 500);
      later(1_000, () => blocker.query("COMMIT"));
    });
    expect(proxy.silent).toBeGreaterThan(0);
    expect(byTenant(result)).toEqual({ a: "succeeded 0001_index" });
    const indexes = `SELECT indexrelid::regclass::text AS name, indisvalid FROM pg_index
      WHERE indrelid = 'app_a.t'::regclass`;
    expect(await database.query(indexes)).toEqual([{ name: "app_a.i", indisvalid: true }]);
    // Other tests' databases on the same server have a schema of this name, too.
    const locks = `SELECT FROM pg_locks WHERE locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32) | objid::bigint = ${lockKey("app_a")}`;
    // The backend that held it ends shortly after it was terminated.
    await expect.poll(() => database.query(locks), { timeout: 10_000 }).toEqual([]);
  });

  test("permanently, also for new connections: the target is in doubt, and the rollout ends", async () => {
    const { proxy, context } = await createProxiedFleet(slow, ["a"], {
      timeouts: { statement: "1s" },
    });
    const result = await migrateAll(context, {}, ({ type }) => {
      if (type === "stepApplied") setTimeout(() => proxy.silenceForGood(), 100);
    });
    expect(result.outcomes).toMatchObject([
      { status: "inDoubt", failure: { message: expect.stringContaining("did not answer within") } },
    ]);
  });
});

test("silent idle connections of an application are replaced, and closing does not wait for them", async () => {
  const database = await createDatabase();
  const proxy = await SilentProxy.open(database.url);
  const url = urlWith(database.url, { hostname: "127.0.0.1", port: String(proxy.port) });
  const input = {
    ...appFleet(database.url, ["a"]),
    databases: { main: { url, applicationUrl: url } },
  };
  const root = await createFolder(history("drizzle/app", first));
  await migrateAll(contextFor(root, input));
  const fleet = openFleet(defineFleet(input), { schemas: { app: {} }, environment: {} });
  const one = () => fleet.tenant("a").app.execute("SELECT count(*)::integer AS count FROM t");
  await one();
  proxy.silence();
  expect((await one()).rows).toEqual([{ count: 0 }]);
  proxy.silence();
  await fleet.close();
});
