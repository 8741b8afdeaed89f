import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { Context } from "../../src/fleet/context.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { archiveTenant, restoreTenant } from "../../src/operations/archive-tenant.ts";
import { removeTenant } from "../../src/operations/remove-tenant.ts";
import type { TestDatabase } from "../support/database.ts";
import { createRole } from "../support/database.ts";
import { history, writeFiles } from "../support/fleet.ts";
import { appHistory, createRoleFleet, refusalOf } from "../support/role-fleet.ts";

const tenant = "acme";

/** Creates roles that are dropped after the test. Their names begin with the given ones. */
async function createRoles(database: TestDatabase, ...names: string[]): Promise<string[]> {
  const roles = names.map((name) => `${name}_${randomBytes(4).toString("hex")}`);
  for (const role of roles) await database.query(`CREATE ROLE ${role} LOGIN`);
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") return;
    for (const role of roles) await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
  return roles;
}

/** The roles among the given ones that have USAGE or CREATE on the tenant schema. */
async function inside(database: TestDatabase, roles: readonly string[]): Promise<string[]> {
  const rows = await database.query<{ role: string }>(
    `SELECT role FROM unnest($1::text[]) AS role WHERE has_schema_privilege(role, 'app_${tenant}', 'USAGE, CREATE')`,
    [roles],
  );
  return rows.map(({ role }) => role);
}

async function grants(database: TestDatabase): Promise<unknown[]> {
  return database.query(
    `SELECT what, grantee::regrole::text AS who, privilege_type, is_grantable FROM (
       SELECT '' AS what, nspowner AS owner, nspacl AS acl FROM pg_namespace WHERE nspname = $1
       UNION ALL SELECT relname, relowner, relacl FROM pg_class WHERE relnamespace = $1::regnamespace
       UNION ALL SELECT attrelid::regclass || '.' || attname, (SELECT relowner FROM pg_class WHERE oid = attrelid), attacl
         FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = $1::regnamespace)
     ) AS every, aclexplode(acl) WHERE grantee <> owner ORDER BY 1, 2, 3, 4`,
    [`app_${tenant}`],
  );
}

/** What a role can reach of an archived tenant without USAGE on its schema. */
async function passedBy(database: TestDatabase, role: string): Promise<unknown[]> {
  const client = await database.connect();
  await client.query(`SET ROLE ${role}`);
  const { rows } = await client.query(
    `SELECT tablename FROM pg_stats WHERE schemaname = 'app_${tenant}' AND tablename = 'notes'`,
  );
  const sequence = await client.query(
    `SELECT oid FROM pg_class WHERE relkind = 'S' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'app_${tenant}')`,
  );
  const next = await client
    .query(`SELECT nextval($1::oid::regclass) > 0 AS next`, [sequence.rows[0].oid])
    .catch(() => ({ rows: [] }));
  await client.query("RESET ROLE");
  return [...rows, ...next.rows];
}

function listening(context: Context) {
  const said: string[] = [];
  return { said, context: { ...context, notify: (line: string) => void said.push(line) } };
}

test.each(["shared", "per-tenant"] as const)(
  "archive revokes access from all roles but the owner, and restore grants the same access again, with %s roles",
  async (roles) => {
    const { database, role, context } = await createRoleFleet({ roles });
    await addTenant(context, { tenant });
    const names = await createRoles(database, "reader", "admin", "helper", "member");
    const [reader, admin, helper, member] = names;
    const schema = `app_${tenant}`;
    await database.query(
      `GRANT USAGE ON SCHEMA ${schema} TO PUBLIC, ${reader}; GRANT ALL ON SCHEMA ${schema} TO ${admin} WITH GRANT OPTION;
       GRANT ${reader} TO ${member}; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO PUBLIC;
       SET ROLE ${admin}; GRANT USAGE ON SCHEMA ${schema} TO ${helper}; RESET ROLE`,
    );
    await database.query(
      `GRANT UPDATE (owner) ON ${schema}.notes TO ${reader}; GRANT SELECT ON ${schema}.notes TO ${admin} WITH GRANT OPTION;
       CREATE VIEW ${schema}."a view" AS SELECT 1 AS one; GRANT SELECT ON ${schema}."a view" TO ${reader};
       GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${reader};
       INSERT INTO ${schema}.notes (owner) SELECT 'secret' FROM generate_series(1, 500); ANALYZE ${schema}.notes`,
    );
    expect(await passedBy(database, reader ?? "")).not.toEqual([]);
    const before = await grants(database);
    expect(await inside(database, [...names, role])).toHaveLength(5);
    const { said, context: heard } = listening(context);
    await archiveTenant(heard, { tenant });
    expect(await inside(database, [...names, role])).toEqual([]);
    expect(await grants(database)).toEqual([]);
    expect(await passedBy(database, reader ?? "")).toEqual([]);
    expect(said).toEqual([]);
    // Again: a second archiving does not overwrite the recorded grants.
    await archiveTenant(heard, { tenant });
    await restoreTenant(context, { tenant });
    expect(await grants(database)).toEqual(before);
    expect(await database.query("SELECT FROM drizzle_fleet.closed_schemas")).toEqual([]);
    await archiveTenant(context, { tenant });
    await removeTenant(context, { tenant });
    expect(await database.query("SELECT FROM drizzle_fleet.closed_schemas")).toEqual([]);
  },
);

test("archive names the roles that still have access", async () => {
  const { database, context, url } = await createRoleFleet({ roles: "shared" });
  const [reader = "", writer = "", deputy = "", bystander = ""] = await createRoles(
    database,
    "reader",
    "writer",
    "deputy",
    "bystander",
  );
  await addTenant(context, { tenant });
  const owner = await createRole(database);
  await database.query(
    `ALTER SCHEMA app_${tenant} OWNER TO ${owner.role}; GRANT pg_read_all_data TO ${reader}; GRANT ${reader} TO ${writer};
     GRANT ${owner.role} TO ${deputy}`,
  );
  const { said, context: heard } = listening(context);
  await archiveTenant(heard, { tenant });
  const about = (role: string) => said.filter((line) => line.includes(role)).join();
  expect(about(reader)).toContain(
    "still has access to app_acme: it is a member of pg_read_all_data.",
  );
  expect(about(writer)).toContain("it is a member of pg_read_all_data.");
  expect(about(deputy)).toContain(`it is a member of the owner ${owner.role}.`);
  expect(about(bystander)).toBe("");

  // The application role's own access is an error, not a notice.
  const application = new URL(url).username;
  await database.query(`GRANT ${owner.role} TO ${application}`);
  expect(await refusalOf(archiveTenant(heard, { tenant }))).toMatchObject({
    code: "onboarding",
    message: `tenant acme is archived, but the application role ${application} still has access to app_acme: it is a member of the owner ${owner.role}`,
    remedy: expect.stringMatching(/drizzle-fleet tenants archive acme$/),
  });
  await database.query(`REVOKE ${owner.role} FROM ${application}`);
  await archiveTenant(heard, { tenant });
  await database.query(`ALTER SCHEMA app_${tenant} OWNER TO current_user`);
});

test("restore names a role that was dropped meanwhile, and grants access to the others", async () => {
  const { database, context } = await createRoleFleet({ roles: "shared" });
  const [stays = ""] = await createRoles(database, "stays");
  await addTenant(context, { tenant });
  await database.query(`CREATE ROLE "Goes ""soon"""`);
  await database.query(`GRANT USAGE ON SCHEMA app_${tenant} TO ${stays}, "Goes ""soon"""`);
  await archiveTenant(context, { tenant });
  await database.query(`DROP ROLE "Goes ""soon"""`);
  const { said, context: heard } = listening(context);
  await restoreTenant(heard, { tenant });
  expect(said.join()).toContain('The role Goes "soon" had access to acme before');
  expect(await inside(database, [stays])).toEqual([stays]);
});

test("a role that a migration grants access to gets it only when the tenant is complete", async () => {
  const { database, context, root, role } = await createRoleFleet({ roles: "shared" });
  const [reporting = ""] = await createRoles(database, "reporting");
  await writeFiles(root, {
    ...history("drizzle/app", {
      ...appHistory,
      "0001_reporting": `GRANT USAGE ON SCHEMA "public" TO ${reporting};\nGRANT SELECT ON "notes" TO ${reporting};`,
    }),
  });
  await database.query(`CREATE TABLE seen (number serial, tag text, reporting boolean);
    CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO public.seen (tag, reporting) VALUES (tg_tag, has_schema_privilege('${reporting}', 'app_${tenant}', 'USAGE')); END $$;
    CREATE EVENT TRIGGER look ON ddl_command_end WHEN TAG IN ('GRANT', 'REVOKE') EXECUTE FUNCTION look()`);
  await addTenant(context, { tenant });
  await database.query("DROP EVENT TRIGGER look");
  const seen = await database.query<{ tag: string; reporting: boolean }>(
    "SELECT tag, reporting FROM seen ORDER BY number",
  );
  const changes = seen.filter(({ reporting: one }, index) => one !== seen[index - 1]?.reporting);
  expect(changes.slice(-3)).toEqual([
    { tag: "GRANT", reporting: true },
    { tag: "REVOKE", reporting: false },
    { tag: "GRANT", reporting: true },
  ]);
  expect(await inside(database, [reporting])).toEqual([reporting]);
  await archiveTenant(context, { tenant });
  expect(await inside(database, [reporting, role])).toEqual([]);
});
