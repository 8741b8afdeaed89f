import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { archiveTenant, restoreTenant } from "../../src/operations/archive-tenant.ts";
import { grantTenant } from "../../src/operations/grant-tenants.ts";
import { history, migrateAll, writeFiles } from "./fleet.ts";
import {
  appHistory,
  createRoleFleet,
  notes,
  type RoleFleet,
  refusalOf,
  whoIs,
} from "./role-fleet.ts";

export type AnyFleet = ReturnType<RoleFleet["open"]>;

/** Adds tenants, each with one note, and the fleet's single schema. */
export async function withTenants(fleet: RoleFleet, tenants: readonly string[]): Promise<AnyFleet> {
  for (const tenant of tenants) await addTenant(fleet.context, { tenant });
  await migrateAll(fleet.context);
  const application = fleet.open();
  for (const tenant of tenants)
    await application.tenant(tenant).app.insert(notes).values({ owner: tenant });
  return application;
}

export const ownersOf = async (fleet: AnyFleet, tenant: string) =>
  (await fleet.tenant(tenant).app.select().from(notes)).map(({ owner }) => owner);

export const permissionDenied = "42501";

/** What acme's tenant role is not allowed to do, but a role shared by all tenants is. */
export const othersRows = [
  "SELECT * FROM app_beta.notes",
  "SELECT count(*) FROM app_beta.__fleet_ledger",
  "INSERT INTO app_beta.notes (owner) VALUES ('acme')",
  "UPDATE app_beta.notes SET owner = 'acme'",
  "DELETE FROM app_beta.notes",
  "LOCK TABLE app_beta.notes IN ACCESS SHARE MODE",
  "COPY app_beta.notes TO STDOUT",
  "SELECT nextval('app_beta.notes_id_seq')",
  "SELECT setval('app_beta.notes_id_seq', 1)",
  "SELECT last_value FROM app_beta.notes_id_seq",
  "SELECT * FROM log.events",
];

/** What no application is allowed to do. The owner of the schemas is, so each statement would have an effect. */
export const nobodys = [
  "SELECT * FROM drizzle_fleet.tenants",
  "UPDATE drizzle_fleet.tenants SET status = 'archived'",
  "CREATE TABLE mine (id int)",
  "CREATE TABLE public.mine (id int)",
  "CREATE TABLE app_beta.mine (id int)",
  "CREATE VIEW mine AS SELECT 1 AS one",
  "CREATE SEQUENCE mine",
  "CREATE TYPE mine AS ENUM ('a')",
  "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  "CREATE SCHEMA mine",
  "CREATE ROLE mine",
  "CREATE INDEX ON notes (owner)",
  "CREATE TRIGGER mine BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
  "CREATE POLICY mine ON notes USING (false)",
  "ALTER TABLE notes ADD COLUMN mine int",
  "ALTER TABLE notes DISABLE TRIGGER ALL",
  "ALTER TABLE notes OWNER TO CURRENT_USER",
  "ALTER SEQUENCE notes_id_seq INCREMENT 2",
  "ALTER SCHEMA app_acme RENAME TO mine",
  "ALTER DEFAULT PRIVILEGES FOR ROLE SCHEMAS_OWNER GRANT SELECT ON TABLES TO PUBLIC",
  "DROP TABLE notes",
  "DROP SCHEMA app_acme CASCADE",
  "TRUNCATE notes",
  "TRUNCATE app_beta.notes",
  "COMMENT ON TABLE notes IS 'mine'",
  "INSERT INTO __fleet_ledger SELECT * FROM __fleet_ledger WHERE false",
  "UPDATE __fleet_ledger SET checksum = ''",
  "DELETE FROM __fleet_ledger",
  "TRUNCATE __fleet_ledger",
  "SELECT pg_read_file('PG_VERSION')",
  "SET session_replication_role = replica",
];

/** Expects that each statement is refused in acme's transactions, and works for the owner. */
export async function expectRefused(
  fleet: RoleFleet,
  application: AnyFleet,
  tried: readonly string[],
) {
  const owner = new URL(fleet.database.url).username;
  for (const one of tried) {
    const text = one.replace("SCHEMAS_OWNER", `"${owner}"`);
    const refused = application.tenant("acme").app.execute(sql.raw(text));
    expect(await refusalOf(refused), text).toMatchObject({ code: permissionDenied });
    await fleet.database.query(`BEGIN; SET LOCAL search_path = app_acme; ${text}; ROLLBACK`);
  }
  // The role has no grant options, so PostgreSQL warns and grants nothing.
  await application.tenant("acme").app.execute(sql`GRANT SELECT ON notes TO PUBLIC`);
  const granted = `SELECT FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND table_schema = 'app_acme'`;
  expect(await fleet.database.query(granted)).toEqual([]);
}

/**
 * Defines tests of tenant roles. They must pass with and without a pooler between the program and the server.
 *
 * @param addressThrough returns the URL by which a program reaches the database, with one server connection if it is
 *   pooled
 */
export function testRoleConnections(
  way: string,
  addressThrough: (url: string) => Promise<string>,
): void {
  describe(`tenant roles, ${way}`, () => {
    test("a tenant's transactions work with its own tables, later ones too, and with nothing else", async () => {
      const fleet = await createRoleFleet();
      const { context, root, name, url } = fleet;
      await withTenants(fleet, ["acme", "beta"]);
      await writeFiles(
        root,
        history("drizzle/app", {
          ...appHistory,
          "0001_later": `CREATE TABLE "later" ("id" serial PRIMARY KEY, "owner" text);`,
        }),
      );
      await migrateAll(context);
      const pooled = await addressThrough(url);
      const application = fleet.open(pooled, { pool: { max: 1 } });
      const { app: acme } = application.tenant("acme");
      await acme.transaction(async (tx) => {
        await tx.execute(sql`INSERT INTO later (owner) SELECT owner FROM notes`);
        await tx.execute(sql`UPDATE later SET owner = owner || '!'`);
        expect((await tx.execute(sql`SELECT owner FROM later`)).rows).toEqual([{ owner: "acme!" }]);
        await tx.execute(sql`DELETE FROM later`);
        expect((await tx.execute(sql`SELECT count(*)::int AS n FROM __fleet_ledger`)).rows).toEqual(
          [{ n: 2 }],
        );
      });
      expect(await whoIs(application, "acme")).toBe(`acme@${name}`);
      expect(await ownersOf(application, "beta")).toEqual(["beta"]);
      expect(await whoIs(application, "beta")).toBe(`beta@${name}`);
      expect(await application.atLeast("acme", "app", "0001_later")).toBe(true);

      await expectRefused(fleet, application, [...nobodys, ...othersRows]);
      // By default, PostgreSQL lets every role create temporary tables. They are gone in the next transaction.
      await acme.execute(sql`CREATE TEMP TABLE scratch AS SELECT owner FROM notes`);
      expect(
        await refusalOf(application.tenant("beta").app.execute("TABLE scratch")),
      ).toMatchObject({
        code: "42P01",
      });
    });

    test("unknown and archived tenants, and those without a role, are refused with the reason", async () => {
      const fleet = await createRoleFleet();
      const { context, database, role, name, url } = fleet;
      await withTenants(fleet, ["acme", "beta"]);
      const pooled = await addressThrough(url);
      const application = fleet.open(pooled, { pool: { max: 1 } });
      const versioned = fleet.open(pooled, { minVersion: { app: "0000_notes" } });
      const refused = async (tenant: string, message: string) => {
        for (const one of [application, versioned])
          expect(await refusalOf(ownersOf(one, tenant)), message).toMatchObject({
            code: "tenant",
            message: expect.stringContaining(message),
          });
        // The connection still works.
        expect(await ownersOf(application, "beta")).toEqual(["beta"]);
      };
      await refused("ghost", "tenant ghost has no schema app_ghost for service app");
      await archiveTenant(context, { tenant: "acme" });
      await refused(
        "acme",
        `role acme@${name} has no access to schema app_acme (tenant acme, service app)`,
      );
      await restoreTenant(context, { tenant: "acme" });
      expect(await ownersOf(application, "acme")).toEqual(["acme"]);
      await database.query(`REVOKE "acme@${name}" FROM ${role}`);
      await refused(
        "acme",
        `role ${role} cannot switch to role acme@${name}, which can use schema app_acme`,
      );
      await grantTenant(context, { tenant: "acme" });
      expect(await ownersOf(application, "acme")).toEqual(["acme"]);
      await database.query(`DROP OWNED BY "acme@${name}"; DROP ROLE "acme@${name}"`);
      await refused(
        "acme",
        `role ${role} cannot switch to role acme@${name}, which can use schema app_acme`,
      );
      await grantTenant(context, { tenant: "acme" });
      expect(await ownersOf(application, "acme")).toEqual(["acme"]);
    });
  });
}
