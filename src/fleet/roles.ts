import { FleetError, throwProblems } from "../core/errors.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import type { Session } from "../postgres/session.ts";
import {
  createTenantRoles,
  dropTenantRole,
  findTenantRoles,
  type TenantRole,
} from "../postgres/tenant-roles.ts";
import type { LockedTenant } from "../tenancy/tenant-lock.ts";
import type { Context, OpenDatabases } from "./context.ts";
import { readDatabase } from "./plan-fleet.ts";

/** The role that is let into a target's schema: the tenant's own, or the application's. Undefined: nobody is. */
export type RoleOf = (target: Target) => string | undefined;

/** Where roles are looked up and made. */
interface Place {
  readonly context: Context;
  readonly open: OpenDatabases;
  /** Gives `use` a session in a database. */
  readonly within: (
    database: string,
    use: (session: Session) => Promise<FleetError[]>,
  ) => Promise<FleetError[]>;
}

/**
 * Makes sure, before a plan creates schemas, that the roles that are to be let into them are there.
 *
 * @throws FleetError `config` that says what is missing, or in the way, and what to do about it
 */
export function rolesForPlan(context: Context, plan: Plan, open: OpenDatabases): Promise<RoleOf> {
  const busy = targetsOf(plan).filter(({ steps }) => steps.length > 0);
  const creating = busy.filter(({ create }) => create !== "nothing");
  const within: Place["within"] = (database, use) =>
    readDatabase(context, open.addressOf(database), use);
  return prepare(
    { context, open, within },
    creating.map(({ target }) => target),
    // A schema may go while the plan is run. Whoever then makes it anew must know whom to let in.
    busy.map(({ target }) => target),
  );
}

/** As `rolesForPlan`, for targets whose databases have sessions. */
export function rolesForTargets(
  { context, open, sessionFor }: Pick<LockedTenant, "context" | "open" | "sessionFor">,
  targets: readonly Target[],
): Promise<RoleOf> {
  const within: Place["within"] = async (database, use) => use(await sessionFor(database));
  return prepare({ context, open, within }, targets, targets);
}

/**
 * @param creating targets whose schemas are to be opened to somebody: missing roles are made
 * @param named targets whose roles are to be known
 */
async function prepare(
  { context, open, within }: Place,
  creating: readonly Target[],
  named: readonly Target[],
): Promise<RoleOf> {
  const own = new Map<string, string>();
  const problems = await Promise.all(
    databasesOf(named).map(async (database) => {
      const application = open.applicationRoleOf(database);
      const here = creating.filter((target) => target.database === database);
      const tenants = tenantsIn(context, named, database);
      if (application === undefined || here.length + tenants.length === 0) return [];
      return within(database, async (session) => {
        const wanted = new Set(tenantsIn(context, creating, database));
        const problem =
          here.length > 0
            ? await applicationProblem(session, database, application, wanted.size > 0)
            : undefined;
        if (problem !== undefined) return [problem];
        const roles = tenants.length > 0 ? await findTenantRoles(session, tenants) : [];
        for (const { tenant, name } of roles) own.set(keyOf(database, tenant), name);
        const missing = roles.filter(({ tenant }) => wanted.has(tenant));
        return missing.length > 0 ? make(session, application, missing) : [];
      });
    }),
  );
  throwProblems(problems.flat(), "the roles of the application cannot be used");
  return ({ database, tenant }) =>
    context.config.fleet.roles === "shared" || tenant === undefined
      ? open.applicationRoleOf(database)
      : own.get(keyOf(database, tenant));
}

async function make(
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
 * Drops the roles of a tenant whose schemas are gone. One that may not be dropped is said.
 *
 * @throws FleetError as `dropTenantRole` does; whoever calls it again goes on
 */
export async function dropRoles(hold: LockedTenant, targets: readonly Target[]): Promise<void> {
  for (const database of databasesOf(targets))
    for (const tenant of tenantsIn(hold.context, targets, database)) {
      const left = await dropTenantRole(await hold.sessionFor(database), tenant);
      if (left !== undefined)
        hold.context.notify(
          `The role ${left} is left: it has no rights any more, and whoever made it may drop it.`,
        );
    }
}

function databasesOf(targets: readonly Target[]): string[] {
  return [...new Set(targets.map(({ database }) => database))];
}

/** The tenants that have roles of their own in a database. */
function tenantsIn({ config }: Context, targets: readonly Target[], name: string): string[] {
  if (config.fleet.roles === "shared") return [];
  const tenants = targets.flatMap(({ database, tenant }) => (database === name ? [tenant] : []));
  return [...new Set(tenants)].filter((tenant) => tenant !== undefined);
}

function keyOf(database: string, tenant: string): string {
  return JSON.stringify([database, tenant]);
}

/** Why the application's role cannot be let in, or be given roles to take on. */
async function applicationProblem(
  session: Session,
  database: string,
  role: string,
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
      `the application's role ${role} does not exist on the server of database "${database}"`,
      { remedy: `Create it: CREATE ROLE ${name} LOGIN PASSWORD '...'` },
    );
  if (!perTenant) return undefined;
  if (found.superuser)
    return new FleetError(
      "config",
      `the application's role ${role} is a superuser, who reads every tenant of database "${database}"`,
      { where: "roles", remedy: `Take that from it: ALTER ROLE ${name} NOSUPERUSER` },
    );
  if (!found.inherits) return undefined;
  return new FleetError(
    "config",
    `the application's role ${role} would have the rights of all tenants' roles of database "${database}" at once`,
    {
      where: "roles",
      remedy: `Before PostgreSQL 16 that is for the role to say: ALTER ROLE ${name} NOINHERIT`,
    },
  );
}

function foreignRoleError({ tenant, name }: TenantRole): FleetError {
  return new FleetError("config", `the role ${name} is not tenant ${tenant}'s`, {
    where: "roles",
    remedy:
      "A tenant's role cannot log in, has no attributes, and is a member of no other role. Rename or drop this one, or take from it what it has.",
  });
}

function inheritedRoleError(name: string, application: string): FleetError {
  const [role, member] = [name, application].map(quoteIdentifier);
  return new FleetError(
    "config",
    `the application's role ${application} has the rights of ${name} all the time`,
    {
      where: "roles",
      remedy: `Somebody has granted it so, or it is in between: REVOKE ${role} FROM ${member}, as whoever granted it.`,
    },
  );
}
