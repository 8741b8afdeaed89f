import { describe, expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import { quoteIdentifier } from "../../src/core/quoting.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { cloneTenant } from "../../src/operations/clone-tenant.ts";
import { renameTenant } from "../../src/operations/rename-tenant.ts";
import { catalogOf } from "../support/catalog.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  history,
  migrateAll,
} from "../support/fleet.ts";

const base = {
  "0000_base": `CREATE TYPE "public"."mood" AS ENUM ('ok');
CREATE TABLE "note" ("id" integer PRIMARY KEY, "parent" integer, "mood" "public"."mood");
CREATE TABLE "public_log" ("id" integer);`,
};

/** A block that runs a statement if a query finds nothing. */
const unless = (query: string, statement: string) =>
  `DO $$ BEGIN IF NOT EXISTS (${query}) THEN ${statement}; END IF; END $$;`;

const foreignKey = (name: string) =>
  `ALTER TABLE "note" ADD CONSTRAINT "${name}" FOREIGN KEY ("parent") REFERENCES "public"."note" ("id")`;

/** Each query guards the creation of the object in its key, and limits its reads to the tenant in a different way. */
const guards: Readonly<Record<string, string>> = {
  by_its_table: unless(
    `SELECT 1 FROM pg_constraint WHERE conname = 'by_its_table' AND conrelid = '"note"'::regclass`,
    foreignKey("by_its_table"),
  ),
  by_its_shown_table: unless(
    `SELECT 1 FROM pg_constraint WHERE conname = 'by_its_shown_table' AND conrelid::regclass::text = 'note'`,
    foreignKey("by_its_shown_table"),
  ),
  by_namespace: unless(
    `SELECT 1 FROM pg_constraint WHERE conname = 'by_namespace' AND connamespace = 'public'::regnamespace`,
    foreignKey("by_namespace"),
  ),
  by_shown_namespace: unless(
    `SELECT 1 FROM pg_constraint WHERE conname = 'by_shown_namespace' AND connamespace::regnamespace::text = 'public'`,
    foreignKey("by_shown_namespace"),
  ),
  by_current_schema: unless(
    `SELECT 1 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typname = 'by_current_schema' AND n.nspname = current_schema()`,
    `CREATE TYPE by_current_schema AS ENUM ('a')`,
  ),
  by_name_of_namespace: unless(
    `SELECT 1 FROM pg_type t LEFT JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typname = 'by_name_of_namespace' AND n.nspname = 'public'`,
    `CREATE TYPE public.by_name_of_namespace AS ENUM ('a')`,
  ),
  by_visibility: unless(
    `SELECT 1 FROM pg_class c WHERE c.relname = 'by_visibility' AND pg_table_is_visible(c.oid)`,
    "CREATE TABLE by_visibility ()",
  ),
  by_path: unless(
    `SELECT 1 FROM pg_tables WHERE tablename = 'by_path' AND schemaname = ANY (current_schemas(false))`,
    "CREATE TABLE by_path ()",
  ),
  by_list: unless(
    `SELECT 1 FROM pg_tables WHERE tablename = 'by_list' AND schemaname IN ('public')`,
    "CREATE TABLE by_list ()",
  ),
  by_row: unless(
    `SELECT 1 FROM pg_indexes WHERE (schemaname, indexname) = ('public', 'by_row')`,
    "CREATE INDEX by_row ON public.note (parent)",
  ),
  by_information_schema: unless(
    `SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'note' AND column_name = 'by_information_schema'`,
    "ALTER TABLE public.note ADD COLUMN by_information_schema integer",
  ),
  by_two_views: unless(
    `SELECT 1 FROM information_schema.table_constraints t JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name) WHERE t.table_schema = 'public' AND t.constraint_name = 'by_two_views'`,
    foreignKey("by_two_views"),
  ),
  by_look_up: `DO $$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY['note', 'missing'] LOOP
      IF to_regclass('public.' || name) IS NULL THEN CONTINUE; END IF;
      IF NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = format('public.%I', name)::regclass AND attname = 'by_look_up') THEN
        ALTER TABLE note ADD COLUMN by_look_up integer;
      END IF;
    END LOOP; END $$;`,
  by_enum_value: unless(
    `SELECT 1 FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'public' AND t.typname = 'mood' AND e.enumlabel = 'by_enum_value'`,
    `ALTER TYPE public.mood ADD VALUE 'by_enum_value'`,
  ),
  by_executed_constant: unless(
    `SELECT 1 FROM pg_policies WHERE schemaname = 'public' AND policyname = 'by_executed_constant'`,
    `EXECUTE 'CREATE POLICY by_executed_constant ON public.note USING (true)'`,
  ),
  by_executed_guard: `DO $$ DECLARE found integer; BEGIN
    EXECUTE 'SELECT count(*) FROM pg_tables WHERE schemaname = ''public'' AND tablename = $1' INTO found USING 'by_executed_guard';
    IF found = 0 THEN CREATE TABLE by_executed_guard (); END IF; END $$;`,
};

/** A function and a view that read catalogs at run time. */
const readers = `CREATE FUNCTION public.tables() RETURNS bigint LANGUAGE sql AS
  $$ SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE '%log' $$;
CREATE VIEW public.logs AS SELECT count(*) AS count FROM (SELECT FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE '%log') AS t;`;

const built = `DO $$ DECLARE t text; command text; BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename = 'note' LOOP
    EXECUTE format('ALTER TABLE public.%I ADD COLUMN %I integer', t, 'built');
    EXECUTE format('ALTER TABLE %I.%I ADD COLUMN of_argument integer', 'public', t);
    EXECUTE 'ALTER TABLE public.' || quote_ident(t) || ' ADD COLUMN joined integer';
    command := format('ALTER TABLE public.%I ADD COLUMN kept integer', t);
    EXECUTE command;
  END LOOP;
END $$;`;

/** The names of all objects in a schema. */
async function namesIn(database: TestDatabase, schema: string): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = $1::regnamespace
     UNION SELECT typname FROM pg_type WHERE typnamespace = $1::regnamespace
     UNION SELECT enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typnamespace = $1::regnamespace
     UNION SELECT conname FROM pg_constraint WHERE connamespace = $1::regnamespace
     UNION SELECT attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = $1::regnamespace
     UNION SELECT polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = $1::regnamespace`,
    [quoteIdentifier(schema)],
  );
  return rows.map(({ name }) => name);
}

function fleetOf(database: TestDatabase, tenants: string[] | undefined, tenantSchema: string) {
  const service = {
    schema: "./schema",
    out: "./drizzle/app",
    database: "main",
    tenantSchema,
    acceptUnproved: ["0002_built"],
  };
  const fleet: FleetInput = appFleet(database.url, tenants ?? [], { services: { app: service } });
  return tenants === undefined ? { ...fleet, tenants } : fleet;
}

const migrations = {
  ...base,
  "0001_guards": Object.values(guards).join("\n--> statement-breakpoint\n"),
  "0002_built": built,
  "0003_readers": readers,
};

/** Tables of the application from before it had tenants: the migrations must neither change nor find them. */
const before = `CREATE TABLE public.note (id integer PRIMARY KEY, parent integer);
  CREATE TABLE public.a_log (); CREATE TABLE public.by_list (); CREATE TYPE public.by_current_schema AS ENUM ();`;

describe("a condition on catalogs that is limited to the tenant", () => {
  // A percent sign in a schema's name must not become a specifier of format().
  test.each(["app_{tenant}", "50%%I of {tenant}"])(
    "finds what its own tenant lacks, even if others and public have it: %j",
    async (pattern) => {
      const database = await createDatabase();
      await database.query(before);
      const publicBefore = await catalogOf(database, "public");
      const root = await createFolder(history("drizzle/app", migrations));
      const tenants = ["first", "Second-One", "a.b"];
      const context = contextFor(root, fleetOf(database, tenants, pattern));
      const catalogs: string[][] = [];
      for (const tenant of tenants) {
        const result = await migrateAll(context, { tenants: [tenant] });
        expect(byTenant(result)[tenant]).toMatch(/^succeeded/);
        const schema = pattern.replace("{tenant}", tenant);
        const names = await namesIn(database, schema);
        expect(names).toEqual(expect.arrayContaining(Object.keys(guards)));
        expect(names).toEqual(expect.arrayContaining(["built", "of_argument", "joined", "kept"]));
        catalogs.push(await catalogOf(database, schema));
      }
      expect(catalogs[1]).toEqual(catalogs[0]);
      expect(catalogs[2]).toEqual(catalogs[0]);
      expect(await catalogOf(database, "public")).toEqual(publicBefore);
    },
  );

  test("skips what its own tenant has", async () => {
    const database = await createDatabase();
    const twice = { ...migrations, "0004_again": migrations["0001_guards"] };
    const root = await createFolder(history("drizzle/app", twice));
    const context = contextFor(root, fleetOf(database, ["one", "two"], "app_{tenant}"));
    const result = await migrateAll(context);
    // If a guard did not find its object, it would create it again and fail.
    expect(result.outcomes.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
  });
});

describe("a function and a view that read catalogs", () => {
  test.each(["app_{tenant}", "{tenant}"])(
    "count their own tenant's tables, also in a clone and after a rename: %s",
    async (tenantSchema) => {
      const database = await createDatabase();
      const root = await createFolder(history("drizzle/app", { ...base, "0001_readers": readers }));
      const context = contextFor(root, fleetOf(database, undefined, tenantSchema));
      const schemaOf = (tenant: string) =>
        quoteIdentifier(tenantSchema.replace("{tenant}", tenant));
      const counts = async (tenant: string) =>
        await database.query(
          `SELECT ${schemaOf(tenant)}.tables()::int AS tables, (SELECT count::int FROM ${schemaOf(tenant)}.logs) AS logs`,
        );
      // Tenant and table have the same name here, so a name alone does not identify the schema.
      await addTenant(context, { tenant: "note" });
      await addTenant(context, { tenant: "Other-One" });
      await database.query(`CREATE TABLE ${schemaOf("note")}.second_log ()`);
      expect(await counts("note")).toEqual([{ tables: 2, logs: 2 }]);
      expect(await counts("Other-One")).toEqual([{ tables: 1, logs: 1 }]);
      await cloneTenant(context, { tenant: "note", to: "copied" });
      await database.query(`CREATE TABLE ${schemaOf("copied")}.third_log ()`);
      expect(await counts("copied")).toEqual([{ tables: 3, logs: 3 }]);
      await renameTenant(context, { tenant: "note", to: "Re.named" });
      expect(await counts("Re.named")).toEqual([{ tables: 2, logs: 2 }]);
      await renameTenant(context, { tenant: "Re.named", to: "note" });
      expect(await counts("note")).toEqual([{ tables: 2, logs: 2 }]);
    },
  );
});
