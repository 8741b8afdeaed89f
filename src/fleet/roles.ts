import { FleetError, throwProblems } from "../core/errors.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import type { Session } from "../postgres/session.ts";
import {
  createTenantRoles,
  dropTenantRole,
  findTenantRoles,
  type TenantRole,
} from "../postgres/tenant-roles.ts";
import type { Context } from "./context.ts";
import { databasesOf, type OpenDatabases } from "./databases.ts";
import { readDatabase } from "./read-database.ts";
import type { SchemaAccess } from "./tenant-transaction.ts";

/** The role that gets access to a target's schema: the tenant role or the application role; undefined for none. */
export type RoleOf = (target: Target) => string | undefined;

/** Where roles are looked up and created. */
interface Place {
  readonly context: Context;
  readonly open: OpenDatabases;
  /** Gives `use` a session in a database. */
  readonly inDatabase: (
    database: string,
    use: (session: Session) => Promise<FleetError[]>,
  ) => Promise<FleetError[]>;
}

/**
 * Checks the roles that get access to the schemas of a plan, before the plan creates them. Creates missing tenant roles.
 *
 * @throws FleetError `config` if the application role is missing or has an attribute that it must not have, or if another
 *   role has the name of a tenant role
 */
export function rolesForPlan(context: Context, plan: Plan, open: OpenDatabases): Promise<RoleOf> {
  const changed = targetsOf(plan).filter(({ steps }) => steps.length > 0);
  const creating = changed.filter(({ create }) => create !== "nothing");
  const inDatabase: Place["inDatabase"] = (database, use) =>
    readDatabase(context, open.addressOf(database), use);
  return prepare(
    { context, open, inDatabase },
    creating.map(({ target }) => target),
    // If a schema is dropped while the plan runs, its step creates it again and needs the name of its role.
    changed.map(({ target }) => target),
  );
}

/** Like `rolesForPlan`, for targets whose databases already have a session. */
export function rolesForTargets(
  { context, open, sessionFor }: SchemaAccess,
  targets: readonly Target[],
): Promise<RoleOf> {
  const inDatabase: Place["inDatabase"] = async (database, use) => use(await sessionFor(database));
  return prepare({ context, open, inDatabase }, targets, targets);
}

/**
 * @param creating targets whose schemas a role gets access to: missing roles are created
 * @param named targets whose roles must be known
 */
async function prepare(
  place: Place,
  creating: readonly Target[],
  named: readonly Target[],
): Promise<RoleOf> {
  const { context, open } = place;
  const own = new Map<string, string>();
  const problems = await Promise.all(
    databasesOf(named).map(async (database) => {
      const application = open.applicationRoleOf(database);
      const isNeeded = creating.some((target) => target.database === database);
      const tenants = tenantsIn(context, named, database);
      if (application === undefined || (!isNeeded && tenants.length === 0)) return [];
      return place.inDatabase(database, async (session) => {
        const wanted = new Set(tenantsIn(context, creating, database));
        const problem = isNeeded
          ? await applicationProblem(session, { database, role: application }, wanted.size > 0)
          : undefined;
        if (problem !== undefined) return [problem];
        const roles = tenants.length > 0 ? await findTenantRoles(session, tenants) : [];
        for (const { tenant, name } of roles) own.set(keyOf(database, tenant), name);
        const missing = roles.filter(({ tenant }) => wanted.has(tenant));
        return missing.length > 0 ? createRoles(session, application, missing) : [];
      });
    }),
  );
  throwProblems(problems.flat(), "the application roles cannot be used");
  return ({ database, tenant }) =>
    context.config.fleet.roles === "shared" || tenant === undefined
      ? open.applicationRoleOf(database)
      : own.get(keyOf(database, tenant));
}

async function createRoles(
  session: Session,
  application: string,
  roles: readonly TenantRole[],
): Promise<FleetError[]> {
  const foreign = roles.filter(({ state }) => state === "foreign");
  if (foreign.length > 0) return foreign.map(foreignRoleError);
  const names = roles.map(({ name }) => name);
  return (await createTenantRoles(session, names, application)).map((name) =>
    inheritedRoleError(name, application),
  );
}

/**
 * Drops the tenant roles of targets whose schemas were dropped. Reports a role that cannot be dropped.
 *
 * @throws FleetError as `dropTenantRole` does; another call continues
 */
export async function dropRoles(access: SchemaAccess, targets: readonly Target[]): Promise<void> {
  const { context, sessionFor } = access;
  for (const database of databasesOf(targets))
    for (const tenant of tenantsIn(context, targets, database)) {
      const remaining = await dropTenantRole(await sessionFor(database), tenant);
      if (remaining !== undefined)
        context.notify(
          `The role ${remaining} remains, without any privileges. Its creator can drop it.`,
        );
    }
}

/** The tenants of the targets in a database that have a tenant role. */
function tenantsIn({ config }: Context, targets: readonly Target[], name: string): string[] {
  if (config.fleet.roles === "shared") return [];
  const tenants = targets.flatMap(({ database, tenant }) => (database === name ? [tenant] : []));
  return [...new Set(tenants)].filter((tenant) => tenant !== undefined);
}

function keyOf(database: string, tenant: string): string {
  return JSON.stringify([database, tenant]);
}

/**
 * Why the application role cannot get access.
 *
 * @param perTenant true if it must be a member of tenant roles
 */
async function applicationProblem(
  session: Session,
  { database, role }: { readonly database: string; readonly role: string },
  perTenant: boolean,
): Promise<FleetError | undefined> {
  const [found] = await session.query<{ superuser: boolean; inherits: boolean }>(
    `SELECT rolsuper AS superuser, rolinherit AND pg_catalog.current_setting('server_version_num')::integer < 160000 AS inherits
     FROM pg_catalog.pg_roles WHERE rolname = $1`,
    [role],
  );
  const name = quoteIdentifier(role);
  if (found === undefined)
    return new FleetError(
      "config",
      `the application role ${role} does not exist on the server of database "${database}"`,
      { remedy: `To create it, run: CREATE ROLE ${name} LOGIN PASSWORD '...'` },
    );
  if (!perTenant) return undefined;
  if (found.superuser)
    return new FleetError(
      "config",
      `the application role ${role} is a superuser, so it can read every tenant of database "${database}"`,
      { where: "roles", remedy: `To remove that attribute, run: ALTER ROLE ${name} NOSUPERUSER` },
    );
  if (!found.inherits) return undefined;
  return new FleetError(
    "config",
    `the application role ${role} would inherit the privileges of all tenant roles of database "${database}" at once`,
    {
      where: "roles",
      remedy: `Before PostgreSQL 16, inheritance is an attribute of the role. To remove it, run: ALTER ROLE ${name} NOINHERIT`,
    },
  );
}

function foreignRoleError({ tenant, name }: TenantRole): FleetError {
  return new FleetError("config", `the role ${name} is not a role of tenant ${tenant}`, {
    where: "roles",
    remedy:
      "A tenant role cannot log in, has no attributes, and is a member of no other role. Rename or drop this role, or remove its attributes and memberships.",
  });
}

function inheritedRoleError(name: string, application: string): FleetError {
  const [role, member] = [name, application].map(quoteIdentifier);
  return new FleetError(
    "config",
    `the application role ${application} inherits the privileges of ${name}`,
    {
      where: "roles",
      remedy: `It was granted with inheritance, directly or via another role. As the grantor, run: REVOKE ${role} FROM ${member}`,
    },
  );
}
