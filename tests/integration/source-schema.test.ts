import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseRename } from "../../src/autogenerate/decisions.ts";
import type { Context } from "../../src/fleet/context.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { check } from "../../src/operations/check.ts";
import { cloneTenant } from "../../src/operations/clone-tenant.ts";
import { generate } from "../../src/operations/generate.ts";
import { proveAndRecord } from "../../src/operations/generate-prove.ts";
import { proveHistories } from "../../src/proof/prove-services.ts";
import { catalogOf } from "../support/catalog.ts";
import { createProject, type Installed } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  downgradeAll,
  history,
  migrateAll,
} from "../support/fleet.ts";

const before = `
import { sql } from "drizzle-orm";
import { index, integer, pgPolicy, pgSchema, serial, text } from "drizzle-orm/pg-core";
export const shop = pgSchema("shop");
export const state = shop.enum("state", ["new", "in-progress"]);
export const users = shop.table("users", { id: serial("id").primaryKey(), mail: text("mail").notNull() });
export const orders = shop.table("orders", {
  id: integer("id").primaryKey().generatedAlwaysAsIdentity(),
  user: integer("user").references(() => users.id),
  state: state("state").notNull().default("new"),
}, (t) => [
  index("open").on(t.id).where(sql\`\${t.state} <> 'in-progress'\`),
  pgPolicy("mine", { using: sql\`\${t.id} > 0\` }),
]);
export const numbers = shop.sequence("numbers", { startWith: 5 });
export const counted = shop.view("counted").as((qb) => qb.select({ id: users.id }).from(users));
export const kept = shop.materializedView("kept").as((qb) => qb.select({ id: users.id }).from(users));
`;
const after = before
  .replace('table("users"', 'table("people"')
  .replace('mail: text("mail")', 'email: text("email")')
  .replace('enum("state"', 'enum("condition"')
  .replace('sequence("numbers"', 'sequence("counters"')
  .replace('"in-progress"]', '"in-progress", "to ship"]');
const renames = [
  "table:users=people",
  "column:people.mail=email",
  "enum:state=condition",
  "sequence:numbers=counters",
].map(parseRename);

const byHand = `CREATE FUNCTION shop.newest() RETURNS int LANGUAGE plpgsql AS $$
DECLARE found shop.orders%ROWTYPE;
BEGIN SELECT * INTO found FROM "shop"."orders" WHERE state = 'new'::shop.condition; RETURN found.id; END $$;
INSERT INTO shop.people (email) SELECT 'x' WHERE false;`;

/** A project with all of its tables in pgSchema("shop"), and a history of three migrations. */
async function shopProject(
  layout: Installed,
  service: object,
): Promise<{
  readonly database: TestDatabase;
  readonly context: Context;
}> {
  const database = await createDatabase();
  const root = await createProject({ "schema/index.ts": before }, layout);
  const { tenants: _, ...fleet } = appFleet(database.url, []);
  const app = { schema: "./schema", out: "./drizzle/app", database: "main", ...service };
  const context = contextFor(root, { ...fleet, services: { app } });
  await generate(context, { services: [], name: "init" });
  await writeFile(join(root, "schema/index.ts"), after);
  const [second] = await generate(context, {
    services: [],
    name: "renamed",
    decisions: { renames, drops: [] },
  });
  expect(second?.migration?.sql).toContain('ALTER TABLE "shop"."users" RENAME TO "people"');
  const [third] = await generate(context, { services: [], name: "by_hand", custom: true });
  await writeFile(resolve(third?.migration?.file ?? ""), byHand);
  await writeFile(resolve(third?.migration?.downFile ?? ""), 'DROP FUNCTION "shop".newest();');
  return { database, context };
}

const inSchema = (database: TestDatabase, name: string) =>
  database.query<{ relname: string }>(
    `SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('"${name}"') AND relkind IN ('r', 'v', 'm', 'S')
       AND relname NOT LIKE '\\_\\_%' ORDER BY 1`,
  );

const names = ["counted", "counters", "kept", "orders", "orders_id_seq", "people"].map(
  (relname) => ({ relname }),
);

describe.each(["journal", "folders"] as const)("a project in pgSchema, layout %s", (layout) => {
  test("creates its objects in each tenant schema, and nothing in that schema", async () => {
    const { database, context } = await shopProject(layout, {
      tenantSchema: "shop_{tenant}",
      sourceSchema: "shop",
    });
    expect(await proveAndRecord(context, [], database.url)).toMatchObject([{ findings: [] }]);
    expect(await check(context, [])).toEqual([]);
    await addTenant(context, { tenant: "a" });
    await addTenant(context, { tenant: "b" });
    await cloneTenant(context, { tenant: "a", to: "c" });
    expect(await inSchema(database, "shop_a")).toEqual(expect.arrayContaining(names));
    const catalog = await catalogOf(database, "shop_a");
    expect(await catalogOf(database, "shop_b")).toEqual(catalog);
    expect(await catalogOf(database, "shop_c")).toEqual(catalog);
    await database.query("INSERT INTO shop_a.people (email) VALUES ('kept')");
    await downgradeAll(context, { count: 2 }, { tenants: ["a"] });
    expect(await database.query("SELECT mail FROM shop_a.users")).toEqual([{ mail: "kept" }]);
    await migrateAll(context);
    expect(await database.query("SELECT email FROM shop_a.people")).toEqual([{ email: "kept" }]);
    expect(await catalogOf(database, "shop_a")).toEqual(catalog);
    await downgradeAll(context, { base: true }, { tenants: ["b"] });
    expect(await inSchema(database, "shop_b")).toEqual([]);
    await migrateAll(context);
    expect(await catalogOf(database, "shop_b")).toEqual(catalog);
    expect(await database.query("SELECT to_regnamespace('shop') AS shop")).toEqual([
      { shop: null },
    ]);
  });

  test("can be migrated and downgraded in the one schema that it names", async () => {
    const { database, context } = await shopProject(layout, { singleSchema: "shop" });
    expect(await proveAndRecord(context, [], database.url)).toMatchObject([{ findings: [] }]);
    expect(await check(context, [])).toEqual([]);
    expect(byTenant(await migrateAll(context)).app).toMatch(/^succeeded /);
    expect(await inSchema(database, "shop")).toEqual(expect.arrayContaining(names));
    const catalog = await catalogOf(database, "shop");
    await downgradeAll(context, { base: true });
    expect(await inSchema(database, "shop")).toEqual([]);
    await migrateAll(context);
    expect(await catalogOf(database, "shop")).toEqual(catalog);
  });
});

test.each(["journal", "folders"] as const)(
  "a project in two schemas becomes one schema per tenant if both are named, layout %s",
  async (layout) => {
    const database = await createDatabase();
    const declared = (values: string) => `
import { integer, pgEnum, pgSchema, pgTable } from "drizzle-orm/pg-core";
export const state = pgEnum("state", [${values}]);
export const notes = pgTable("notes", { id: integer("id").primaryKey() });
export const shop = pgSchema("shop");
export const orders = shop.table("orders", {
  id: integer("id").primaryKey().references(() => notes.id),
  state: state("state").notNull().default("new"),
});
`;
    const root = await createProject({ "schema/index.ts": declared('"new", "done"') }, layout);
    const app = {
      ...{ schema: "./schema", out: "./drizzle/app", database: "main" },
      ...{ tenantSchema: "app_{tenant}", sourceSchema: ["shop", "public"] },
    };
    const fleet = { ...appFleet(database.url, ["a", "b"]), services: { app } };
    const context = contextFor(root, fleet);
    await generate(context, { services: [], name: "init" });
    await writeFile(join(root, "schema/index.ts"), declared('"new"'));
    await generate(context, { services: [], name: "less" });
    expect(await check(context, [])).toEqual([]);
    expect(await proveHistories(context, [], database.url)).toEqual([]);
    await migrateAll(context);
    const catalog = await catalogOf(database, "app_a");
    await downgradeAll(context, { base: true }, { tenants: ["b"] });
    await migrateAll(context);
    expect(await catalogOf(database, "app_b")).toEqual(catalog);
    expect(await inSchema(database, "app_b")).toEqual([
      { relname: "notes" },
      { relname: "orders" },
    ]);
    expect(await inSchema(database, "public")).toEqual([]);
  },
);

describe("a schema that is shared", () => {
  const declared = `
import { pgSchema, pgTable, uuid } from "drizzle-orm/pg-core";
export const users = pgSchema("auth").table("users", { id: uuid("id").primaryKey() });
export const profiles = pgTable("profiles", { id: uuid("id").primaryKey().references(() => users.id) });
`;

  async function supabase(layout: Installed, there: boolean) {
    const database = await createDatabase();
    if (there)
      await database.query(
        "CREATE SCHEMA auth CREATE TABLE users (id uuid PRIMARY KEY); INSERT INTO auth.users VALUES (gen_random_uuid())",
      );
    const root = await createProject({ "schema/index.ts": declared }, layout);
    const fleet = appFleet(database.url, ["a", "b"]);
    const app = {
      ...{ schema: "./schema", out: "./drizzle/app", database: "main" },
      ...{ tenantSchema: "app_{tenant}", sharedSchemas: ["auth"] },
    };
    return { database, root, context: contextFor(root, { ...fleet, services: { app } }) };
  }

  test.each([
    ["journal", true],
    ["journal", false],
    ["folders", true],
  ] as const)(
    "is left out of migrations and proofs: layout %s, existing %s",
    async (layout, there) => {
      const { database, context } = await supabase(layout, there);
      const [generated] = await generate(context, { services: [], name: "init" });
      expect(generated?.migration).toMatchObject({ unfinished: false, unproved: undefined });
      expect(generated?.migration?.notes).toEqual([
        expect.stringMatching(
          /^left out, because all tenants share it: CREATE TABLE "auth"."users"/,
        ),
      ]);
      expect(generated?.migration?.sql).not.toMatch(/^CREATE TABLE "auth"/m);
      expect(generated?.migration?.down).not.toContain("auth");
      expect(await check(context, [])).toEqual([]);
      expect(await proveHistories(context, [], database.url)).toEqual([]);
      const [state] = await database.query<{ users: number | null }>(
        there
          ? "SELECT count(*)::int AS users FROM auth.users"
          : "SELECT to_regnamespace('auth')::oid::int AS users",
      );
      expect(state?.users).toBe(there ? 1 : null);
      if (!there) return;
      await migrateAll(context);
      await downgradeAll(context, { base: true });
      expect(await database.query("SELECT count(*)::int AS users FROM auth.users")).toEqual([
        { users: 1 },
      ]);
    },
  );

  test("is not dropped by an older down, or changed by a proof in a given database", async () => {
    const { database, root, context } = await supabase("journal", true);
    await generate(context, { services: [], name: "init" });
    await writeFile(
      join(root, "drizzle/app/0000_init.down.sql"),
      'DROP TABLE "profiles" CASCADE;--> statement-breakpoint\nDROP TABLE "auth"."users" CASCADE;',
    );
    await migrateAll(context);
    const refused = /the down drops users in the schema "auth", which all tenants share/;
    await expect(downgradeAll(context, { base: true })).rejects.toThrow(refused);
    const findings = await proveHistories(context, [], database.url);
    expect(findings.map(({ problem }) => problem.message)).toEqual([
      expect.stringMatching(refused),
    ]);
    const keys = await database.query(
      "SELECT count(*)::int AS keys FROM pg_constraint WHERE confrelid = 'auth.users'::regclass",
    );
    expect(keys).toEqual([{ keys: 2 }]);
  });

  test.each(["journal", "folders"] as const)(
    "is created by a service with a single schema, and by proofs only if it is missing, layout %s",
    async (layout) => {
      const database = await createDatabase();
      const root = await createProject(
        {
          "schema/index.ts": declared
            .replace(
              "export const users",
              'export const auth = pgSchema("auth");\nexport const users',
            )
            .replace('pgSchema("auth").table', "auth.table"),
        },
        layout,
      );
      const app = {
        ...{ schema: "./schema", out: "./drizzle/app", database: "main" },
        ...{ singleSchema: "main", sharedSchemas: ["auth"] },
      };
      const fleet = { ...appFleet(database.url, []), services: { app } };
      const context = contextFor(root, fleet);
      const [generated] = await generate(context, { services: [], name: "init" });
      expect(generated?.migration).toMatchObject({
        unfinished: false,
        unproved: expect.stringContaining('changes the schema "auth"'),
      });
      expect(generated?.migration?.sql).toContain('CREATE TABLE "auth"."users"');
      expect(generated?.migration?.down).toContain('DROP TABLE "auth"."users"');
      expect(await proveAndRecord(context, [], database.url)).toMatchObject([{ findings: [] }]);
      expect(await check(context, [])).toEqual([]);
      const there =
        "SELECT to_regclass('auth.users')::text AS users, to_regnamespace('auth')::text AS auth";
      expect(await database.query(there)).toEqual([{ users: null, auth: null }]);
      expect(byTenant(await migrateAll(context)).app).toMatch(/^succeeded /);
      await database.query("INSERT INTO auth.users VALUES (gen_random_uuid())");
      const findings = await proveHistories(context, [], database.url);
      expect(findings.map(({ problem }) => problem.message)).toEqual([
        expect.stringMatching(
          /cannot be tried here: it changes the schema "auth", which already exists/,
        ),
      ]);
      expect(await database.query("SELECT count(*)::int AS users FROM auth.users")).toEqual([
        { users: 1 },
      ]);
      await downgradeAll(context, { base: true });
      expect(await database.query(there)).toEqual([{ users: null, auth: null }]);
    },
  );

  test("can be created by two tenants at the same time if the statements are repeatable", async () => {
    const database = await createDatabase();
    const sql = `CREATE SCHEMA IF NOT EXISTS auth;
      CREATE TABLE IF NOT EXISTS auth.users (id serial PRIMARY KEY);
      CREATE OR REPLACE FUNCTION auth.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
      GRANT SELECT ON auth.users TO CURRENT_USER;
      CREATE TABLE t (id int REFERENCES auth.users);`;
    const root = await createFolder(history("drizzle/app", { "0000_init": sql }));
    const tenants = Array.from({ length: 8 }, (_, index) => `t${index}`);
    const fleet = appFleet(database.url, tenants);
    const app = {
      ...{ schema: "./schema", out: "./drizzle/app", database: "main" },
      ...{ tenantSchema: "app_{tenant}", sharedSchemas: ["auth"] },
    };
    const context = contextFor(root, { ...fleet, services: { app }, concurrency: 8 });
    const result = byTenant(await migrateAll(context));
    expect(result).toEqual(
      Object.fromEntries(tenants.map((tenant) => [tenant, "succeeded 0000_init"])),
    );
  });
});

describe("the schema public of a service with a single schema", () => {
  test("can be named in any way", async () => {
    const database = await createDatabase();
    const sql = `CREATE SCHEMA IF NOT EXISTS public;
      DO $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'a') THEN
          CREATE TABLE public.a (id int);
        END IF;
        IF to_regnamespace('public') IS NOT NULL THEN EXECUTE 'CREATE TABLE public.b (id int)'; END IF;
      END $$;
      CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SET search_path = public AS 'SELECT count(*) FROM public.a';`;
    const root = await createFolder(history("drizzle/app", { "0000_init": sql }));
    const app = {
      ...{ schema: "./schema", out: "./drizzle/app", database: "main" },
      ...{ singleSchema: "public" },
    };
    const context = contextFor(root, { ...appFleet(database.url, []), services: { app } });
    expect(byTenant(await migrateAll(context))).toEqual({ app: "succeeded 0000_init" });
    expect(
      await database.query("SELECT f()::int AS f, to_regclass('public.b') IS NOT NULL AS b"),
    ).toEqual([{ f: 0, b: true }]);
  });
});
