import { sql } from "drizzle-orm";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { archiveTenant, restoreTenant } from "../../src/operations/archive-tenant.ts";
import { grantTenant } from "../../src/operations/grant-tenants.ts";
import { createDatabase } from "../support/database.ts";
import { history, migrateAll, writeFiles } from "../support/fleet.ts";
import { startPgbouncer } from "../support/pgbouncer.ts";
import {
  appHistory,
  createRoleFleet,
  events,
  notes,
  ownRolesOf,
  type RoleFleet,
  refusalOf,
  whoIs,
} from "../support/role-fleet.ts";

type AnyFleet = ReturnType<RoleFleet["open"]>;

/** Each tenant with a note of its own, and the single schema of the fleet. */
async function withTenants(fleet: RoleFleet, tenants: readonly string[]): Promise<AnyFleet> {
  for (const tenant of tenants) await addTenant(fleet.context, { tenant });
  await migrateAll(fleet.context);
  const application = fleet.open();
  for (const tenant of tenants)
    await application.tenant(tenant).app.insert(notes).values({ owner: tenant });
  return application;
}

const ownersOf = async (fleet: AnyFleet, tenant: string) =>
  (await fleet.tenant(tenant).app.select().from(notes)).map(({ owner }) => owner);

const permissionDenied = "42501";

/** What a role of acme's own may not do, and one role for all may. */
const othersRows = [
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

/** What no application may do. The owner of the schemas may: so each of them would do something. */
const nobodys = [
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

/** Each by itself is refused in acme's transactions, and works for the owner. */
async function expectRefused(fleet: RoleFleet, application: AnyFleet, tried: readonly string[]) {
  const owner = new URL(fleet.database.url).username;
  for (const one of tried) {
    const text = one.replace("SCHEMAS_OWNER", `"${owner}"`);
    const refused = application.tenant("acme").app.execute(sql.raw(text));
    expect(await refusalOf(refused), text).toMatchObject({ code: permissionDenied });
    await fleet.database.query(`BEGIN; SET LOCAL search_path = app_acme; ${text}; ROLLBACK`);
  }
  // It gives away nothing that it has: PostgreSQL warns, and grants nothing.
  await application.tenant("acme").app.execute(sql`GRANT SELECT ON notes TO PUBLIC`);
  const granted = `SELECT FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND table_schema = 'app_acme'`;
  expect(await fleet.database.query(granted)).toEqual([]);
}

test("with a shared role, the application can use every tenant's tables and nothing else", async () => {
  const fleet = await createRoleFleet({ roles: "shared" });
  const application = await withTenants(fleet, ["acme", "beta"]);
  expect(await whoIs(application, "acme")).toBe(fleet.role);
  await expectRefused(fleet, application, nobodys);
  for (const text of othersRows)
    await application.tenant("acme").app.execute(sql.raw(text.replace(/^DELETE/, "EXPLAIN $&")));
  expect(await ownRolesOf(fleet.database)).toEqual([]);
});

test.each(["directly", "through PgBouncer"])(
  "a tenant's transactions can use its own tables, including later ones, and nothing else, %s",
  async (way) => {
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
    const { url: pooled } =
      way === "directly"
        ? { url }
        : await startPgbouncer(url, { poolMode: "transaction", poolSize: 1 });
    const application = fleet.open(pooled, { pool: { max: 1 } });
    const { app: acme } = application.tenant("acme");
    await acme.transaction(async (tx) => {
      await tx.execute(sql`INSERT INTO later (owner) SELECT owner FROM notes`);
      await tx.execute(sql`UPDATE later SET owner = owner || '!'`);
      expect((await tx.execute(sql`SELECT owner FROM later`)).rows).toEqual([{ owner: "acme!" }]);
      await tx.execute(sql`DELETE FROM later`);
      expect((await tx.execute(sql`SELECT count(*)::int AS n FROM __fleet_ledger`)).rows).toEqual([
        { n: 2 },
      ]);
    });
    expect(await whoIs(application, "acme")).toBe(`acme@${name}`);
    expect(await ownersOf(application, "beta")).toEqual(["beta"]);
    expect(await whoIs(application, "beta")).toBe(`beta@${name}`);
    expect(await application.atLeast("acme", "app", "0001_later")).toBe(true);

    await expectRefused(fleet, application, [...nobodys, ...othersRows]);
    // Temporary tables are everybody's by PostgreSQL's defaults, and end with the transaction's role.
    await acme.execute(sql`CREATE TEMP TABLE scratch AS SELECT owner FROM notes`);
    expect(await refusalOf(application.tenant("beta").app.execute("TABLE scratch"))).toMatchObject({
      code: "42P01",
    });
  },
);

test("the application role itself can read no tenant, but uses the single schemas of services", async () => {
  const fleet = await createRoleFleet();
  const application = await withTenants(fleet, ["acme"]);
  await application.service.log.insert(events).values({ kind: "login" });
  expect(await application.service.log.select().from(events)).toEqual([{ id: 1, kind: "login" }]);
  const login = new pg.Client({ connectionString: fleet.url });
  await login.connect();
  onTestFinished(() => login.end());
  for (const text of ["SELECT FROM app_acme.notes", "SELECT nextval('app_acme.notes_id_seq')"])
    await expect(login.query(text), text).rejects.toMatchObject({ code: permissionDenied });
  // It may take on the tenants' roles, which is how the runtime gets in, and what nobody can keep it from.
  await login.query(`SET ROLE "acme@${fleet.name}"`);
  expect((await login.query("SELECT owner FROM app_acme.notes")).rows).toEqual([{ owner: "acme" }]);
});

test("the tenant role ends with the transaction, whatever the code does", async () => {
  const fleet = await createRoleFleet();
  await withTenants(fleet, ["acme", "beta"]);
  const application = fleet.open(fleet.url, { pool: { max: 1 } });
  const roleIn = async () =>
    (await application.service.log.execute(sql`SELECT current_user AS name`)).rows[0]?.name;
  await whoIs(application, "acme");
  expect(await roleIn()).toBe(fleet.role);
  await application.tenant("acme").app.execute(sql.raw(`SET ROLE "acme@${fleet.name}"`));
  expect(await roleIn()).toBe(fleet.role);
  expect(await whoIs(application, "beta")).toBe(`beta@${fleet.name}`);
  const failed = application.tenant("acme").app.transaction(async (tx) => {
    await tx.execute(sql`RESET ROLE`);
    await tx.execute(sql`SELECT FROM app_acme.notes`);
  });
  expect(await refusalOf(failed)).toMatchObject({ code: permissionDenied });
  expect(await ownersOf(application, "acme")).toEqual(["acme"]);
});

test.each(["directly", "through PgBouncer"])(
  "tenants that are unknown, archived or without a tenant role are refused with the reason, %s",
  async (way) => {
    const fleet = await createRoleFleet();
    const { context, database, role, name, url } = fleet;
    await withTenants(fleet, ["acme", "beta"]);
    const { url: pooled } =
      way === "directly"
        ? { url }
        : await startPgbouncer(url, { poolMode: "transaction", poolSize: 1 });
    const application = fleet.open(pooled, { pool: { max: 1 } });
    const versioned = fleet.open(pooled, { minVersion: { app: "0000_notes" } });
    const refused = async (tenant: string, message: string) => {
      for (const one of [application, versioned])
        expect(await refusalOf(ownersOf(one, tenant)), message).toMatchObject({
          code: "tenant",
          message: expect.stringContaining(message),
        });
      // The connection is as good as before.
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
  },
);

test("tenants with odd names have roles, even if PostgreSQL would truncate or refuse the names", async () => {
  const fleet = await createRoleFleet();
  const tenants = [
    ...["acme", "ACME", "a.b", "a-b", "_", "pg_catalog", "PG_catalog", "_pg_catalog", "public"],
    ...["none", "current_user", "größe", "日本語", "𠮷野家", "__proto__", "constructor"],
    // Behind app_ 59 bytes fit, and with the database's name these are longer than a role's may be.
    ...["x".repeat(59), `${"x".repeat(58)}y`, "x".repeat(45), `${"x".repeat(44)}.`],
    ...["日".repeat(19), `${"日".repeat(18)}月`, `${"日".repeat(19)}a`, `${"ü".repeat(29)}y`],
    ...[`a${"ü".repeat(29)}`, `pg_${"x".repeat(50)}`, `pg_${"x".repeat(49)}y`],
  ];
  const application = await withTenants(fleet, tenants);
  const roles = await Promise.all(tenants.map((tenant) => whoIs(application, tenant)));
  expect(new Set(roles).size).toBe(tenants.length);
  expect(roles.filter((role) => Buffer.byteLength(role) > 63)).toEqual([]);
  expect([...roles].sort()).toEqual((await ownRolesOf(fleet.database)).sort());
  for (const tenant of tenants) expect(await ownersOf(application, tenant)).toEqual([tenant]);
  for (const [index, tenant] of tenants.entries()) {
    const other = `"app_${tenants[(index + 1) % tenants.length]}".notes`;
    const look = application.tenant(tenant).app.execute(sql.raw(`SELECT FROM ${other}`));
    expect(await refusalOf(look), tenant).toMatchObject({ code: permissionDenied });
  }
});

test("two databases of one server have separate roles for the tenants that both contain", async () => {
  const fleet = await createRoleFleet();
  const other = await createDatabase();
  onTestFinished(async () => {
    for (const role of await ownRolesOf(other))
      await other.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
  });
  const service = { schema: "./schema", out: "./drizzle/app" };
  const context = fleet.contextWith({
    databases: {
      main: { url: fleet.database.url, applicationUrl: fleet.url },
      other: { url: other.url, applicationUrl: fleet.url },
    },
    services: {
      app: { ...service, database: "main", tenantSchema: "app_{tenant}" },
      crm: { ...service, database: "other", tenantSchema: "crm_{tenant}" },
    },
    tenants: ["acme"],
  });
  expect((await migrateAll(context)).outcomes.map(({ status }) => status)).toEqual([
    "succeeded",
    "succeeded",
  ]);
  expect(await ownRolesOf(fleet.database)).toEqual([`acme@${fleet.name}`]);
  const otherName = new URL(other.url).pathname.slice(1);
  expect(await ownRolesOf(other)).toEqual([`acme@${otherName}`]);
  const [row] = await other.query(
    `SELECT has_schema_privilege($1, 'crm_acme', 'USAGE') AS own, has_schema_privilege($2, 'crm_acme', 'USAGE') AS others`,
    [`acme@${otherName}`, `acme@${fleet.name}`],
  );
  expect(row).toEqual({ own: true, others: false });
});
