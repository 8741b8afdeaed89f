import { describe, expect, onTestFinished, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import type { Context } from "../../src/fleet/context.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { archiveTenant, restoreTenant } from "../../src/operations/archive-tenant.ts";
import { grantTenant } from "../../src/operations/grant-tenants.ts";
import { scriptMigration } from "../../src/operations/migrate.ts";
import { removeTenant } from "../../src/operations/remove-tenant.ts";
import { planStamp, stamp } from "../../src/operations/stamp.ts";
import { withSession } from "../../src/postgres/session.ts";
import {
  createTenantRoles,
  findTenantRoles,
  renameTenantRole,
} from "../../src/postgres/tenant-roles.ts";
import { createRole, type TestDatabase } from "../support/database.ts";
import { byTenant, migrateAll } from "../support/fleet.ts";
import {
  createRoleFleet,
  notes,
  ownRolesOf,
  type RoleFleet,
  refusalOf,
  whoIs,
} from "../support/role-fleet.ts";

const all = { services: [], tenants: [], databases: [] };

async function versionOf(database: TestDatabase): Promise<number> {
  const [row] = await database.query(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  );
  return row?.major;
}

/** Everything that exists of a tenant: its schema, its role, its row in the registry. */
async function tracesOf({ database, name }: RoleFleet, tenant: string): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname = 'app_' || $1
     UNION ALL SELECT rolname FROM pg_roles WHERE rolname = $1 || '@' || $2
     UNION ALL SELECT status FROM drizzle_fleet.tenants WHERE id = $1`,
    [tenant, name],
  );
  return rows.map((row) => row.name);
}

async function mayEnter({ database }: RoleFleet, role: string, tenant: string): Promise<boolean> {
  const [row] = await database.query(
    `SELECT has_schema_privilege($1, $2, 'USAGE') OR has_table_privilege($1, $3, 'SELECT, INSERT, UPDATE, DELETE') AS may`,
    [role, `app_${tenant}`, `app_${tenant}.notes`],
  );
  return row?.may;
}

describe("a tenant role", () => {
  test("is dropped with the tenant, and with a failed onboarding", async () => {
    const fleet = await createRoleFleet();
    const { context, database, name } = fleet;
    await addTenant(context, { tenant: "acme" });
    expect(await tracesOf(fleet, "acme")).toEqual(["app_acme", `acme@${name}`, "active"]);
    await removeTenant(context, { tenant: "acme" });
    expect(await tracesOf(fleet, "acme")).toEqual([]);
    await database.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'nobody becomes active'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON drizzle_fleet.tenants FOR EACH ROW
        WHEN (new.status = 'active') EXECUTE FUNCTION refuse()`);
    expect(await refusalOf(addTenant(context, { tenant: "acme" }))).toMatchObject({
      message: expect.stringContaining("nobody becomes active"),
    });
    expect(await tracesOf(fleet, "acme")).toEqual([]);
  });

  test("delays the end of a removal while other objects depend on it", async () => {
    const fleet = await createRoleFleet();
    const { context, database, name } = fleet;
    await addTenant(context, { tenant: "acme" });
    await database.query(
      `CREATE TABLE public.shared (id int); GRANT SELECT ON public.shared TO "acme@${name}"`,
    );
    expect(await refusalOf(removeTenant(context, { tenant: "acme" }))).toMatchObject({
      code: "onboarding",
      message: `the schemas of tenant acme were dropped, but other objects depend on its role acme@${name}: privileges for table public.shared`,
      remedy: expect.stringContaining(`DROP OWNED BY "acme@${name}"`),
    });
    expect(await tracesOf(fleet, "acme")).toEqual([`acme@${name}`, "removing"]);
    await database.query(`DROP OWNED BY "acme@${name}"`);
    await removeTenant(context, { tenant: "acme" });
    expect(await tracesOf(fleet, "acme")).toEqual([]);
  });

  test("gives no access while its tenant is archived, also not after switching to a shared role", async () => {
    const fleet = await createRoleFleet();
    const { context, name, role, database } = fleet;
    const shared = fleet.contextWith({ roles: "shared" });
    await addTenant(shared, { tenant: "acme" });
    await database.query(
      `CREATE ROLE "acme@${name}" LOGIN; GRANT USAGE ON SCHEMA app_acme TO "acme@${name}"`,
    );
    await archiveTenant(context, { tenant: "acme" });
    const [row] = await database.query(
      `SELECT has_schema_privilege($1, 'app_acme', 'USAGE') AS one, has_schema_privilege($2, 'app_acme', 'USAGE') AS other`,
      [role, `acme@${name}`],
    );
    expect(row).toEqual({ one: false, other: false });
    await database.query(`ALTER ROLE "acme@${name}" NOLOGIN`);
    await restoreTenant(context, { tenant: "acme" });
    expect(await mayEnter(fleet, `acme@${name}`, "acme")).toBe(true);
    expect(await mayEnter(fleet, role, "acme")).toBe(false);
  });

  test("gets a new name, and no other change, with a rename", async () => {
    const fleet = await createRoleFleet();
    const { context, database, name } = fleet;
    for (const tenant of ["acme", "beta"]) await addTenant(context, { tenant });
    await database.query("CREATE ROLE gamma");
    onTestFinished(() => database.query("DROP ROLE gamma").then(() => undefined));
    const rename = (from: string, to: string) =>
      withSession({ name: "main", url: database.url }, { waitMs: 1_000 }, (session) =>
        renameTenantRole(session, from, to),
      );
    await rename("nobody", "somebody");
    expect(await refusalOf(rename("acme", "beta"))).toMatchObject({
      code: "config",
      message: `role beta@${name} already exists`,
    });
    await rename("acme", "x".repeat(59));
    const [long = "", ...others] = (await ownRolesOf(database)).reverse();
    expect(others).toEqual([`beta@${name}`]);
    expect(long).toMatch(/^~x{29}~[0-9a-f]{32}$/);
    expect(await mayEnter(fleet, long, "acme")).toBe(true);
    await rename("x".repeat(59), "pg_acme");
    await rename("pg_acme", "acme");
    expect(await ownRolesOf(database)).toEqual([`acme@${name}`, `beta@${name}`]);
  });

  test("replaces the shared role of a fleet, tenant by tenant", async () => {
    const fleet = await createRoleFleet();
    const { context, role, name, database } = fleet;
    const shared = fleet.contextWith({ roles: "shared" });
    for (const tenant of ["acme", "beta"]) await addTenant(shared, { tenant });
    expect(await mayEnter(fleet, role, "acme")).toBe(true);
    expect(await ownRolesOf(database)).toEqual([]);
    await grantTenant(context, { tenant: "acme" });
    await database.query("CREATE TABLE app_acme.later (id serial)");
    expect(await mayEnter(fleet, role, "acme")).toBe(false);
    expect(await mayEnter(fleet, role, "beta")).toBe(true);
    const left = await database.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'app_acme'::regnamespace AND relacl::text LIKE '%' || $1 || '%'
       UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = 'app_acme' AND nspacl::text LIKE '%' || $1 || '%'`,
      [role],
    );
    expect(left).toEqual([]);
    const application = fleet.open();
    await application.tenant("acme").app.insert(notes).values({ owner: "acme" });
    expect(await whoIs(application, "acme")).toBe(`acme@${name}`);
    expect(await refusalOf(whoIs(application, "beta"))).toMatchObject({
      code: "tenant",
      remedy: expect.stringContaining("drizzle-fleet tenants grant beta"),
    });
    await grantTenant(context, { tenant: "beta" });
    expect(await whoIs(application, "beta")).toBe(`beta@${name}`);
  });
});

describe("a fleet whose configuration lists its tenants", () => {
  test("gets its roles from migrate, also from two at the same time, and grants access to single schemas", async () => {
    const fleet = await createRoleFleet();
    const { database, name, role } = fleet;
    const tenants = Array.from({ length: 30 }, (_, index) => `t${index}`);
    const context = fleet.contextWith({ tenants });
    const results = await Promise.all([migrateAll(context), migrateAll(context)]);
    for (const { outcomes } of results)
      expect(
        outcomes.filter(({ status }) => status !== "succeeded" && status !== "skipped"),
      ).toEqual([]);
    expect(await ownRolesOf(database)).toEqual(tenants.map((tenant) => `${tenant}@${name}`).sort());
    expect(await mayEnter(fleet, "t7@".concat(name), "t7")).toBe(true);
    expect(await mayEnter(fleet, `t7@${name}`, "t8")).toBe(false);
    expect(await mayEnter(fleet, role, "t7")).toBe(false);
    const [row] = await database.query(
      "SELECT has_table_privilege($1, 'log.events', 'INSERT') AS own, has_schema_privilege($2, 'log', 'USAGE') AS tenants",
      [role, `t7@${name}`],
    );
    expect(row).toEqual({ own: true, tenants: false });
  });

  test("can have more roles than one transaction creates", async () => {
    const { database, role } = await createRoleFleet();
    const tenants = Array.from({ length: 1_100 }, (_, index) => `t${index}`);
    await withSession({ name: "main", url: database.url }, { waitMs: 1_000 }, async (session) => {
      const names = (await findTenantRoles(session, tenants)).map((one) => one.name);
      expect(await createTenantRoles(session, names, role)).toEqual([]);
      expect(await createTenantRoles(session, names, role)).toEqual([]);
      const states = (await findTenantRoles(session, tenants)).map(({ state }) => state);
      expect(new Set(states)).toEqual(new Set(["own"]));
    });
    expect(await ownRolesOf(database)).toHaveLength(1_100);
  });

  test("grants a tenant role access to a schema without a ledger when it is stamped", async () => {
    const fleet = await createRoleFleet();
    const { database, name, role } = fleet;
    const context = fleet.contextWith({ tenants: ["acme"] });
    await database.query("CREATE SCHEMA app_acme CREATE TABLE notes (id serial, owner text)");
    const request = { ...all, services: ["app"], goal: { tag: "0000_notes" } };
    expect(await planStamp(context, request)).toMatchObject({
      waves: [{ targets: [{ create: "ledger" }] }],
    });
    const result = await stamp(
      context,
      request,
      async () => true,
      () => undefined,
    );
    expect(byTenant(result)).toEqual({ acme: "succeeded 0000_notes" });
    const [row] = await database.query(
      "SELECT has_table_privilege($1, 'app_acme.__fleet_ledger', 'SELECT') AS own, has_schema_privilege($2, 'app_acme', 'USAGE') AS shared",
      [`acme@${name}`, role],
    );
    expect(row).toEqual({ own: true, shared: false });
  });

  test("cannot be created by a script, which therefore creates no schema that needs one", async () => {
    const fleet = await createRoleFleet();
    const context = fleet.contextWith({ tenants: ["acme"] });
    let written = "";
    const write = (text: string) => {
      written += text;
    };
    const script = (from: string) =>
      scriptMigration(context, { ...all, services: ["app"] }, { from, write });
    expect(await refusalOf(script("base"))).toMatchObject({ code: "config", where: "roles" });
    expect(written).toBe("");
    await scriptMigration(context, { ...all, services: ["log"] }, { from: "base", write });
    expect(written).toContain(`TO ${JSON.stringify(fleet.role)}`);
  });
});

describe("are refused with a remedy, and leave nothing:", () => {
  const refused = async (fleet: RoleFleet, context: Context, expected: object) => {
    expect(await refusalOf(addTenant(context, { tenant: "acme" }))).toMatchObject({
      code: "config",
      ...expected,
    });
    expect(await tracesOf(fleet, "acme")).toEqual([]);
  };

  test("a migrating role without CREATEROLE, which needs no other privilege", async () => {
    const fleet = await createRoleFleet();
    const { database, role, name, contextWith } = fleet;
    const admin = await createRole(database);
    const databases: FleetInput["databases"] = {
      main: { url: admin.url, applicationUrl: fleet.url },
    };
    const context = contextWith({ databases });
    await refused(fleet, context, {
      message: expect.stringMatching(/tenant roles cannot be managed: permission denied/),
      remedy: expect.stringContaining("CREATEROLE"),
    });
    expect(
      await refusalOf(migrateAll(contextWith({ databases, tenants: ["acme"] }))),
    ).toMatchObject({ code: "config", remedy: expect.stringContaining("CREATEROLE") });
    expect(await tracesOf(fleet, "acme")).toEqual([]);

    // Another role may have created the tenant role.
    await database.query(`CREATE ROLE "acme@${name}"; GRANT "acme@${name}" TO ${role}`);
    if ((await versionOf(database)) >= 16)
      await database.query(`GRANT "acme@${name}" TO ${role} WITH INHERIT FALSE, SET TRUE`);
    await addTenant(context, { tenant: "acme" });
    expect(await mayEnter(fleet, `acme@${name}`, "acme")).toBe(true);

    const said: string[] = [];
    await removeTenant({ ...context, notify: (line) => said.push(line) }, { tenant: "acme" });
    expect(said.join()).toContain(`The role acme@${name} remains`);
    expect(await tracesOf(fleet, "acme")).toEqual([`acme@${name}`]);
    await addTenant(context, { tenant: "acme" });

    await database.query(`ALTER ROLE ${admin.role} CREATEROLE`);
    await addTenant(context, { tenant: "beta" });
    await archiveTenant(context, { tenant: "beta" });
    await restoreTenant(context, { tenant: "beta" });
    await grantTenant(context, { tenant: "beta" });
    expect(await whoIs(fleet.open(), "beta")).toBe(`beta@${name}`);
    expect(await mayEnter(fleet, `beta@${name}`, "acme")).toBe(false);
    await removeTenant(context, { tenant: "beta" });
    expect(await tracesOf(fleet, "beta")).toEqual([]);
  });

  test.each([
    "LOGIN",
    "SUPERUSER",
    "CREATEROLE",
    "CREATEDB",
    "BYPASSRLS",
    "REPLICATION",
    "IN ROLE pg_monitor",
  ])("a foreign role of that name: %s", async (attribute) => {
    const fleet = await createRoleFleet();
    const { database, context, name } = fleet;
    await addTenant(context, { tenant: "other" });
    await database.query(`CREATE ROLE "acme@${name}" ${attribute}`);
    onTestFinished(() => database.query(`DROP ROLE "acme@${name}"`).then(() => undefined));
    expect(await refusalOf(addTenant(context, { tenant: "acme" }))).toMatchObject({
      code: "config",
      message: `the role acme@${name} is not a role of tenant acme`,
    });
    // A role that is not the tenant's is not dropped.
    expect(await tracesOf(fleet, "acme")).toEqual([`acme@${name}`]);
  });

  test("an application role that is a superuser or inherits the privileges of tenant roles", async () => {
    const fleet = await createRoleFleet({}, { attributes: "INHERIT" });
    const { database, context, role, name } = fleet;
    await addTenant(fleet.contextWith({ roles: "shared" }), { tenant: "other" });
    await database.query(`ALTER ROLE ${role} SUPERUSER`);
    await refused(fleet, context, {
      message: expect.stringContaining("is a superuser"),
      remedy: expect.stringContaining("NOSUPERUSER"),
    });
    await database.query(`ALTER ROLE ${role} NOSUPERUSER`);
    if ((await versionOf(database)) < 16) {
      await refused(fleet, context, { remedy: expect.stringContaining(`"${role}" NOINHERIT`) });
      await database.query(`ALTER ROLE ${role} NOINHERIT`);
      await addTenant(context, { tenant: "acme" });
    } else {
      await addTenant(context, { tenant: "acme" });
      await database.query(`GRANT "acme@${name}" TO ${role} WITH INHERIT TRUE`);
      expect(await refusalOf(grantTenant(context, { tenant: "acme" }))).toMatchObject({
        code: "config",
        message: `the application role ${role} inherits the privileges of acme@${name}`,
      });
      await database.query(`GRANT "acme@${name}" TO ${role} WITH INHERIT FALSE`);
      await grantTenant(context, { tenant: "acme" });
    }
    expect(await mayEnter(fleet, role, "acme")).toBe(false);
  });

  test("an application role that does not exist", async () => {
    const fleet = await createRoleFleet();
    await addTenant(fleet.context, { tenant: "other" });
    const applicationUrl = fleet.url.replace(fleet.role, "nobody_at_all");
    const context = fleet.contextWith({
      databases: { main: { url: fleet.database.url, applicationUrl } },
    });
    await refused(fleet, context, { remedy: expect.stringContaining("CREATE ROLE") });
  });
});
