import { pgTable, text } from "drizzle-orm/pg-core";
import { expect, onTestFinished, test } from "vitest";
import { defineFleet } from "../../src/config/define.ts";
import type { FleetInput } from "../../src/config/schema.ts";
import { openFleet } from "../../src/runtime/open.ts";
import { createDatabase } from "../support/database.ts";
import { contextFor, createFolder, history, migrateAll } from "../support/fleet.ts";

const notes = pgTable("notes", { place: text() });
const schemas = { app: { notes } };

/** Tenant `home` is in the service's database, `away` in the other one, `both` in both. */
async function createTwoDatabases() {
  const [main, other] = [await createDatabase(), await createDatabase()];
  const files = history("drizzle/app", { "0000_notes": "CREATE TABLE notes (place text);" });
  const root = await createFolder(files);
  const inputWith = (tenants: FleetInput["tenants"]): FleetInput => ({
    databases: {
      main: { url: main.url, applicationUrl: main.url },
      other: { url: other.url, applicationUrl: other.url },
    },
    services: {
      app: { schema: "./s", out: "./drizzle/app", database: "main", tenantSchema: "app_{tenant}" },
    },
    ...(tenants === undefined ? {} : { tenants }),
    connectTimeout: 5_000,
  });
  await migrateAll(contextFor(root, inputWith(["home", "both"])));
  const away = ["away", "both"].map((id) => ({ id, database: "other" }));
  await migrateAll(contextFor(root, inputWith(away)));
  for (const tenant of ["home", "both"])
    await main.query(`INSERT INTO app_${tenant}.notes VALUES ('main')`);
  for (const tenant of ["away", "both"])
    await other.query(`INSERT INTO app_${tenant}.notes VALUES ('other')`);
  const open = (
    tenants: FleetInput["tenants"],
    databaseOf?: (tenant: string) => string | undefined,
  ) => {
    const options = databaseOf === undefined ? {} : { databaseOf };
    const fleet = openFleet(defineFleet(inputWith(tenants)), {
      schemas,
      environment: {},
      ...options,
    });
    onTestFinished(() => fleet.close());
    return fleet;
  };
  return { open };
}

const placeIn = async (fleet: ReturnType<typeof openFleet<typeof schemas>>, tenant: string) =>
  (await fleet.tenant(tenant).app.select().from(notes))[0]?.place;

test("a tenant's queries go to the database that the configuration lists for it", async () => {
  const { open } = await createTwoDatabases();
  const fleet = open(["home", { id: "away", database: "other" }]);
  expect(await placeIn(fleet, "home")).toBe("main");
  expect(await placeIn(fleet, "away")).toBe("other");
  expect(await fleet.atLeast("away", "app", "0000_notes")).toBe(true);
});

test("a tenant's queries go to the database that databaseOf returns, also after a move", async () => {
  const { open } = await createTwoDatabases();
  const homes = new Map([["away", "other"]]);
  const fleet = open(undefined, (tenant) => homes.get(tenant));
  expect(await placeIn(fleet, "home")).toBe("main");
  expect(await placeIn(fleet, "away")).toBe("other");
  expect(await fleet.atLeast("away", "app", "0000_notes")).toBe(true);
  expect(await placeIn(fleet, "both")).toBe("main");
  homes.set("both", "other");
  expect(await placeIn(fleet, "both")).toBe("other");
  expect(fleet.tenant("both")).toBe(fleet.tenant("both"));
});

test("a database that is not configured is refused if databaseOf returns it", async () => {
  const { open } = await createTwoDatabases();
  const fleet = open(undefined, () => "othr");
  const expected = expect.objectContaining({
    code: "usage",
    message: 'database "othr" does not exist',
    remedy: expect.stringContaining("Did you mean other?"),
  });
  expect(() => fleet.tenant("acme")).toThrow(expected);
  await expect(fleet.atLeast("acme", "app", "0000_notes")).rejects.toEqual(expected);
});
