import { expect, test } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import type { Context } from "../../src/fleet/context.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { archiveTenant } from "../../src/operations/archive-tenant.ts";
import { grantTenants } from "../../src/operations/grant-tenants.ts";
import { stamp } from "../../src/operations/stamp.ts";
import { createRole, type TestDatabase } from "../support/database.ts";
import { migrateAll } from "../support/fleet.ts";
import { createRoleFleet, notes, ownRolesOf, refusalOf } from "../support/role-fleet.ts";

const all = { services: [], tenants: [], databases: [] };

/** A context that collects its notices. */
function listening(context: Context): { context: Context; said: string[] } {
  const said: string[] = [];
  return { context: { ...context, notify: (line) => said.push(line) }, said };
}

/** The schemas of a role fleet that a role can use, and the tables in them that it can write to. */
async function openTo(database: TestDatabase, role: string): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace WHERE (nspname LIKE 'app\\_%' OR nspname = 'log') AND has_schema_privilege($1, oid, 'USAGE')
     UNION ALL SELECT format('%s.%s', relnamespace::regnamespace, relname) FROM pg_class
     WHERE relkind = 'r' AND (relnamespace::regnamespace::text LIKE 'app\\_%' OR relnamespace::regnamespace::text = 'log')
       AND has_table_privilege($1, oid, 'INSERT') ORDER BY 1`,
    [role],
  );
  return rows.map(({ name }) => name);
}

const everything = [
  "app_acme",
  "app_acme.notes",
  "app_beta",
  "app_beta.notes",
  "log",
  "log.events",
];

/** A fleet with a list of tenants that was migrated before an application role was configured. */
async function migratedBefore(more: Partial<FleetInput> = {}) {
  const fleet = await createRoleFleet({ roles: "shared", tenants: ["acme", "beta"], ...more });
  const databases = { main: { url: fleet.database.url } };
  await migrateAll(fleet.contextWith({ databases, tenants: ["acme", "beta"] }));
  expect(await openTo(fleet.database, fleet.role)).toEqual([]);
  return fleet;
}

test("the runtime names role, schema and command, and migrate grants access to a role that was configured later", async () => {
  const fleet = await migratedBefore();
  const { database, role } = fleet;
  const application = fleet.open();
  expect(await refusalOf(application.tenant("acme").app.select().from(notes))).toMatchObject({
    code: "tenant",
    message: `role ${role} has no access to schema app_acme (tenant acme, service app)`,
    remedy: "Nothing was run. To grant access, run: npx drizzle-fleet tenants grant acme",
  });
  expect(await refusalOf(application.service.log.execute("SELECT 1"))).toMatchObject({
    message: `role ${role} has no access to schema log (service log)`,
    remedy: "Nothing was run. To grant access, run: npx drizzle-fleet tenants grant --all",
  });
  const { context, said } = listening(fleet.context);
  const { outcomes } = await migrateAll(context);
  expect(outcomes.map(({ status }) => status)).toEqual(["skipped", "skipped", "skipped"]);
  expect(said).toEqual([
    "Granted the application access to 3 more schemas: app_acme, app_beta, log.",
  ]);
  expect(await openTo(database, role)).toEqual(everything);
  await application.tenant("acme").app.insert(notes).values({ owner: "acme" });
  expect(
    await refusalOf(application.tenant("acme").app.execute('DELETE FROM "__fleet_ledger"')),
  ).toMatchObject({ code: "42501" });
  said.length = 0;
  await migrateAll(context);
  expect(said).toEqual([]);
});

test("migrate grants access to the selected targets only, and does not change the privileges of a role that has access", async () => {
  const fleet = await migratedBefore();
  const { database, role } = fleet;
  await migrateAll(fleet.context, { tenants: ["beta"] });
  expect(await openTo(database, role)).toEqual(["app_beta", "app_beta.notes"]);
  await database.query(`GRANT USAGE ON SCHEMA app_acme TO ${role}`);
  await migrateAll(fleet.context, { services: ["app"] });
  expect(await openTo(database, role)).toEqual(["app_acme", "app_beta", "app_beta.notes"]);
  expect(await fleet.open().atLeast("acme", "app", "0000_notes")).toBe(true);
  await grantTenants(fleet.context, { tenants: ["acme"] });
  expect(await openTo(database, role)).toEqual(everything.slice(0, 4));
});

test.each<[string, (database: TestDatabase) => Partial<FleetInput>]>([
  ["a list", () => ({ tenants: ["acme", "beta"] })],
  ["a query", () => ({ tenants: { query: "VALUES ('acme'), ('beta')", database: "main" } })],
  ["a function", () => ({ tenants: async () => ["acme", "beta"] })],
  ["discovery", () => ({ tenants: { discover: "app" } })],
])("tenants grant --all grants access to every schema of tenants from %s", async (_, more) => {
  const fleet = await migratedBefore();
  const context = fleet.contextWith(more(fleet.database));
  expect(await grantTenants(context, { tenants: [], all: true })).toEqual({
    granted: ["acme", "beta"],
    failed: [],
  });
  expect(await openTo(fleet.database, fleet.role)).toEqual(everything);
});

test("archived tenants in a registry stay inaccessible", async () => {
  const fleet = await createRoleFleet({ roles: "shared" });
  const { database, role } = fleet;
  const before = fleet.contextWith({ databases: { main: { url: database.url } } });
  for (const tenant of ["acme", "beta", "gamma"]) await addTenant(before, { tenant });
  await archiveTenant(fleet.context, { tenant: "beta" });
  await migrateAll(fleet.context, { tenants: ["acme"] });
  expect(await openTo(database, role)).toEqual(["app_acme", "app_acme.notes"]);
  expect(await refusalOf(fleet.open().tenant("beta").app.select().from(notes))).toMatchObject({
    remedy: expect.stringContaining(
      "To check that the tenant is active, run: npx drizzle-fleet tenants list.",
    ),
  });
  const { granted } = await grantTenants(fleet.context, { tenants: [], all: true });
  expect(granted).toEqual(["acme", "gamma"]);
  await migrateAll(fleet.context);
  expect(await openTo(database, role)).toEqual([
    ...["app_acme", "app_acme.notes", "app_gamma", "app_gamma.notes", "log", "log.events"],
  ]);
  expect(await refusalOf(grantTenants(fleet.context, { tenants: ["beta"] }))).toMatchObject({
    message: "tenant beta is archived",
  });
});

test("stamp grants access to the tables of a schema", async () => {
  const fleet = await createRoleFleet({ roles: "shared", tenants: ["acme"] });
  await fleet.database.query("CREATE SCHEMA app_acme CREATE TABLE notes (id serial, owner text)");
  await stamp(
    fleet.context,
    { ...all, services: ["app"], goal: { tag: "0000_notes" } },
    async () => true,
    () => undefined,
  );
  expect(await openTo(fleet.database, fleet.role)).toEqual(["app_acme", "app_acme.notes"]);
  await fleet.open().tenant("acme").app.insert(notes).values({ owner: "acme" });
});

test("new tenant roles get access, and the shared role keeps its access until tenants grant revokes it", async () => {
  const fleet = await migratedBefore({ tenants: ["acme", "beta"] });
  const { database, role, name } = fleet;
  await migrateAll(fleet.context);
  const { context, said } = listening(fleet.contextWith({ roles: "per-tenant" }));
  await migrateAll(context);
  expect(said).toEqual(["Granted the application access to 2 more schemas: app_acme, app_beta."]);
  expect(await ownRolesOf(database)).toEqual([`acme@${name}`, `beta@${name}`]);
  expect(await openTo(database, `acme@${name}`)).toEqual(["app_acme", "app_acme.notes"]);
  expect(await openTo(database, role)).toEqual(everything);
  await database.query(`REVOKE "acme@${name}" FROM ${role}`);
  said.length = 0;
  await migrateAll(context);
  expect(said).toEqual(["Granted the application access to 1 more schema: app_acme."]);
  await grantTenants(context, { tenants: [], all: true });
  expect(await openTo(database, role)).toEqual(["log", "log.events"]);
});

test("a grant that fails is reported with the reason and does not fail the rollout", async () => {
  const fleet = await migratedBefore();
  const { database, role } = fleet;
  const admin = await createRole(database);
  const databases = { main: { url: admin.url, applicationUrl: fleet.url } };
  await database.query(`GRANT USAGE ON SCHEMA app_acme TO ${admin.role};
    GRANT SELECT, INSERT, UPDATE ON app_acme.__fleet_ledger TO ${admin.role}`);
  const { context, said } = listening(fleet.contextWith({ databases, tenants: ["acme"] }));
  const { outcomes } = await migrateAll(context, { services: ["app"] });
  expect(outcomes.map(({ status }) => status)).toEqual(["skipped"]);
  expect(said).toEqual([
    expect.stringMatching(
      /^The application still has no access to 1 schema \(app_acme\): .*permission denied.*\. .* Then run: npx drizzle-fleet tenants grant --all$/,
    ),
  ]);
  expect(await openTo(database, role)).toEqual([]);
  const { granted, failed } = await grantTenants(context, { tenants: ["acme"] });
  expect(granted).toEqual([]);
  expect(failed).toMatchObject([{ tenant: "acme", error: { code: "onboarding" } }]);
  const none = fleet.contextWith({ databases: { main: { url: database.url } } });
  expect(await refusalOf(grantTenants(none, { tenants: [], all: true }))).toMatchObject({
    code: "config",
    remedy: expect.stringContaining("DB_USER_SERVER"),
  });
});
