import { sql } from "drizzle-orm";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import { migrateAll } from "../support/fleet.ts";
import {
  expectRefused,
  nobodys,
  othersRows,
  ownersOf,
  permissionDenied,
  testRoleConnections,
  withTenants,
} from "../support/role-connections.ts";
import { createRoleFleet, events, ownRolesOf, refusalOf, whoIs } from "../support/role-fleet.ts";

testRoleConnections("directly", async (url) => url);

test("with a shared role, the application can use every tenant's tables and nothing else", async () => {
  const fleet = await createRoleFleet({ roles: "shared" });
  const application = await withTenants(fleet, ["acme", "beta"]);
  expect(await whoIs(application, "acme")).toBe(fleet.role);
  await expectRefused(fleet, application, nobodys);
  for (const text of othersRows)
    await application.tenant("acme").app.execute(sql.raw(text.replace(/^DELETE/, "EXPLAIN $&")));
  expect(await ownRolesOf(fleet.database)).toEqual([]);
});

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
  // It can switch to the tenant roles: the runtime does so, and the login cannot be prevented from it.
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

test("tenants with odd names have roles, even if PostgreSQL would truncate or refuse the names", async () => {
  const fleet = await createRoleFleet();
  const tenants = [
    ...["acme", "ACME", "a.b", "a-b", "_", "pg_catalog", "PG_catalog", "_pg_catalog", "public"],
    ...["none", "current_user", "größe", "日本語", "𠮷野家", "__proto__", "constructor"],
    // After app_, 59 bytes fit. With the database's name, these are longer than a role's name can be.
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
