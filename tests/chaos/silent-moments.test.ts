import { describe, expect, test } from "vitest";
import { byTenant, migrateAll } from "../support/fleet.ts";
import { createProxiedFleet } from "../support/proxied-fleet.ts";

/** The message that a client ends a connection with. */
const terminate = Buffer.from([0x58, 0, 0, 0, 4]).toString("latin1");

const first = { "0000_t": `CREATE TABLE "t" ("id" integer);` };

describe("a connection that goes silent", () => {
  test.each([
    ["while it greets the server", "pg_backend_pid() AS backend"],
    ["while ledgers are read", "LEFT JOIN pg_catalog.pg_class l"],
    ["before a migration is sent", "CREATE TABLE"],
    ["while the log is flushed", "pg_logical_emit_message"],
    ["while outcomes are kept", 'insert into "drizzle_fleet"."outcomes"'],
    ["when it is closed", terminate],
  ])("%s: another connection does the work", async (_, words) => {
    const { database, proxy, context } = await createProxiedFleet(first, ["a"], {
      timeouts: { statement: "1s" },
    });
    proxy.silenceAt((message) => message.includes(words));
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0000_t" });
    expect(proxy.silent).toBe(1);
    expect(await database.query(`SELECT tag FROM app_a.__fleet_ledger`)).toEqual([
      { tag: "0000_t" },
    ]);
  });
});
