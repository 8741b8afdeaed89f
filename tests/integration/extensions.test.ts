import { expect, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";

const sql = `CREATE EXTENSION IF NOT EXISTS "citext";
--> statement-breakpoint
CREATE TABLE "people" ("email" citext UNIQUE);
INSERT INTO "people" VALUES ('A@b.c');`;

const services = (extensionSchema?: string) => ({
  app: {
    schema: "./schema",
    out: "./drizzle/app",
    database: "main",
    tenantSchema: "app_{tenant}",
    ...(extensionSchema === undefined ? {} : { extensionSchema }),
  },
});

test("an extension is created once per database, and its types resolve in every tenant", async () => {
  const database = await createDatabase();
  const root = await createFolder(history("drizzle/app", { "0000_people": sql }));
  const context = contextFor(
    root,
    appFleet(database.url, ["a", "b"], { services: services("extensions") }),
  );
  expect(byTenant(await migrateAll(context))).toEqual({
    a: "succeeded 0000_people",
    b: "succeeded 0000_people",
  });
  const extensions = await database.query(
    `SELECT extname, extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname = 'citext'`,
  );
  expect(extensions).toEqual([{ extname: "citext", schema: "extensions" }]);
  expect(
    await database.query(
      `SELECT email FROM app_b.people WHERE email OPERATOR(extensions.=) 'a@B.C'::extensions.citext`,
    ),
  ).toHaveLength(1);
});

test("an extension in another schema is an error before any tenant is changed", async () => {
  const database = await createDatabase();
  await database.query(`CREATE EXTENSION citext`);
  const root = await createFolder(history("drizzle/app", { "0000_people": sql }));
  const context = contextFor(
    root,
    appFleet(database.url, ["a"], { services: services("extensions") }),
  );
  const error = await migrateAll(context).catch((caught) => caught);
  expect(error).toMatchObject({
    code: "config",
    message: "the extension citext is in the schema public, not in extensions",
  });
  expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'app_a'`)).toEqual([]);
});

test("CREATE EXTENSION is refused without extensionSchema", async () => {
  const database = await createDatabase();
  const root = await createFolder(history("drizzle/app", { "0000_people": sql }));
  const error = await migrateAll(
    contextFor(root, appFleet(database.url, ["a"], { services: services() })),
  ).catch((caught) => caught);
  expect(error).toMatchObject({ code: "isolation" });
  expect(error.remedy).toContain("Set extensionSchema for the service");
});
