import { describe, expect, test } from "vitest";
import { createDatabase, createRole } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";

const files = history("drizzle/app", { "0000_t": `CREATE TABLE "t" ("id" integer);` });

describe("a query for the tenants", () => {
  test("cannot change anything", async () => {
    const database = await createDatabase();
    await database.query("CREATE TABLE customers (id text)");
    const tenants = {
      query: "INSERT INTO public.customers VALUES ('acme') RETURNING id",
      database: "main",
    };
    const context = contextFor(await createFolder(files), appFleet(database.url, [], { tenants }));
    await expect(migrateAll(context)).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("cannot execute INSERT in a read-only transaction"),
    });
    expect(await database.query("SELECT * FROM customers")).toEqual([]);
  });

  test("resolves names with the search_path of its role", async () => {
    const database = await createDatabase();
    const { role, url } = await createRole(database);
    await database.query(`CREATE SCHEMA crm CREATE TABLE customers (id text);
      INSERT INTO crm.customers VALUES ('acme'); ALTER ROLE ${role} SET search_path = crm;
      GRANT USAGE ON SCHEMA crm TO ${role}; GRANT SELECT ON crm.customers TO ${role}`);
    const tenants = { query: "SELECT id FROM customers", database: "main" };
    const context = contextFor(await createFolder(files), appFleet(url, [], { tenants }));
    expect(byTenant(await migrateAll(context))).toEqual({ acme: "succeeded 0000_t" });
  });
});
