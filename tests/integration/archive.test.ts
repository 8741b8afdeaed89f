import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { addTenant } from "../../src/operations/add-tenant.ts";
import type { Context } from "../../src/operations/context.ts";
import { archiveTenant, removeTenant, restoreTenant } from "../../src/operations/tenant-life.ts";
import type { TestDatabase } from "../support/database.ts";
import { createRole } from "../support/database.ts";
import { history, writeFiles } from "../support/fleet.ts";
import { appHistory, createRoleFleet, refusalOf } from "../support/role-fleet.ts";

const tenant = "acme";

/** Roles that are dropped with the test, by the names that they are spoken of. */
async function createRoles(database: TestDatabase, ...names: string[]): Promise<string[]> {
  const roles = names.map((name) => `${name}_${randomBytes(4).toString("hex")}`);
  for (const role of roles) await database.query(`CREATE ROLE ${role} LOGIN`);
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") return;
    for (const role of roles) await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
  return roles;
}

/** Which of some roles can enter the tenant's schema or make something in it. */
async function inside(database: TestDatabase, roles: readonly string[]): Promise<string[]> {
  const rows = await database.query<{ role: string }>(
    `SELECT role FROM unnest($1::text[]) AS role WHERE has_schema_privilege(role, 'app_${tenant}', 'USAGE, CREATE')`,
    [roles],
  );
  return rows.map(({ role }) => role);
}

async function grants(database: TestDatabase): Promise<unknown[]> {
  return database.query(
    `SELECT grantee::regrole::text AS who, privilege_type, is_grantable FROM pg_namespace, aclexplode(nspacl)
     WHERE nspname = 'app_${tenant}' AND grantee <> nspowner ORDER BY 1, 2, 3`,
  );
}

function listening(context: Context) {
  const said: string[] = [];
  return { said, context: { ...context, notify: (line: string) => void said.push(line) } };
}

test.each(["shared", "per-tenant"] as const)(
  "an archived tenant is closed to all but its owner, and restored as it was, with %s roles",
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
    const before = await grants(database);
    expect(await inside(database, [...names, role])).toHaveLength(5);
    const { said, context: heard } = listening(context);
    await archiveTenant(heard, { tenant });
    expect(await inside(database, [...names, role])).toEqual([]);
    expect(await grants(database)).toEqual([]);
    expect(said).toEqual([]);
    // Once more: what is kept is not forgotten.
    await archiveTenant(heard, { tenant });
    await restoreTenant(context, { tenant });
    expect(await grants(database)).toEqual(before);
    expect(await database.query("SELECT FROM drizzle_fleet.closed_schemas")).toEqual([]);
    await archiveTenant(context, { tenant });
    await removeTenant(context, { tenant });
    expect(await database.query("SELECT FROM drizzle_fleet.closed_schemas")).toEqual([]);
  },
);

test("roles that can enter an archived tenant all the same are named", async () => {
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
  expect(about(reader)).toContain("can still enter app_acme: it is a member of pg_read_all_data.");
  expect(about(writer)).toContain("it is a member of pg_read_all_data.");
  expect(about(deputy)).toContain(`it is a member of the owner ${owner.role}.`);
  expect(about(bystander)).toBe("");

  // The application itself is no matter for a notice.
  const application = new URL(url).username;
  await database.query(`GRANT ${owner.role} TO ${application}`);
  expect(await refusalOf(archiveTenant(heard, { tenant }))).toMatchObject({
    code: "tenant",
    message: `tenant acme is archived, and the application's role ${application} can still enter app_acme: it is a member of the owner ${owner.role}`,
    remedy: expect.stringMatching(/drizzle-fleet tenants archive acme$/),
  });
  await database.query(`REVOKE ${owner.role} FROM ${application}`);
  await archiveTenant(heard, { tenant });
  await database.query(`ALTER SCHEMA app_${tenant} OWNER TO current_user`);
});

test("a role that was dropped meanwhile is named, and the others come back", async () => {
  const { database, context } = await createRoleFleet({ roles: "shared" });
  const [stays = ""] = await createRoles(database, "stays");
  await addTenant(context, { tenant });
  await database.query(`CREATE ROLE "Goes ""soon"""`);
  await database.query(`GRANT USAGE ON SCHEMA app_${tenant} TO ${stays}, "Goes ""soon"""`);
  await archiveTenant(context, { tenant });
  await database.query(`DROP ROLE "Goes ""soon"""`);
  const { said, context: heard } = listening(context);
  await restoreTenant(heard, { tenant });
  expect(said.join()).toContain('The role Goes "soon" could enter acme before');
  expect(await inside(database, [stays])).toEqual([stays]);
});

test("whom a migration lets in comes in when the tenant is whole, and not before", async () => {
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
