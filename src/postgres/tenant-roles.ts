import { FleetError, messageOf } from "../core/errors.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import { lockKey } from "./lock.ts";
import { withRollback } from "./rollback.ts";
import { ScriptError } from "./script.ts";
import type { Session } from "./session.ts";
import { sqlstate, sqlstateOf } from "./sqlstate.ts";

/**
 * SQL for the name of a tenant's own role in the current database: `acme@shop`. Roles belong to the whole server, and
 * two of its databases may have a tenant of one name; through a pooler only the server knows what its database is
 * called. What PostgreSQL would cut, or keeps for itself, becomes `~`, its beginning, `~` and a piece of its sha256: no
 * tenant's name holds an `@` or a `~`, so that no two ever share a role.
 *
 * @param tenant SQL for the tenant's id
 */
export function tenantRoleName(tenant: string): string {
  // PostgreSQL cuts a name at 63 bytes, between two characters: behind 34 letters that leaves 29 bytes.
  return `(SELECT CASE WHEN pg_catalog.octet_length(plain) <= 63 AND NOT pg_catalog.starts_with(plain, 'pg_') THEN plain
    ELSE pg_catalog.concat('~', pg_catalog.substr(pg_catalog.concat(pg_catalog.repeat('x', 34), plain)::name::text, 35), '~',
      pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(plain, 'UTF8')), 'hex'), 32)) END
  FROM (SELECT pg_catalog.concat(${tenant}, '@', pg_catalog.current_database()) AS plain) AS own)`;
}

/** SQL for the kind of membership that lets a role take on another one: before PostgreSQL 16 there was one kind. */
export const setRoleMembership =
  "CASE WHEN pg_catalog.current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END";

/** The role of a tenant in a database. */
export interface TenantRole {
  readonly tenant: string;
  readonly name: string;
  /** `foreign`: it is there, and can do what no tenant's role can. */
  readonly state: "missing" | "own" | "foreign";
}

/** What the tenants' roles are called in a session's database, and whether they are there. */
export function findTenantRoles(
  session: Session,
  tenants: readonly string[],
): Promise<TenantRole[]> {
  return session.query<TenantRole>(
    `SELECT wanted.tenant, wanted.name, CASE WHEN r.oid IS NULL THEN 'missing'
       WHEN r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
         OR EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid) THEN 'foreign'
       ELSE 'own' END AS state
     FROM (SELECT tenant, ${tenantRoleName("tenant")} AS name FROM unnest($1::text[]) AS tenant) AS wanted
     LEFT JOIN pg_catalog.pg_roles r ON r.rolname = wanted.name`,
    [tenants],
  );
}

/** So many roles are made in one transaction: each costs locks, and a server has few. */
const rolesAtOnce = 500;

/**
 * Makes roles that cannot log in, where they are missing, and lets the application's role take them on without having
 * their rights all the time. What is there already needs no right to make it.
 *
 * @param names roles that are missing, or tenants' own
 * @returns those whose rights the application's role has all the time, by what somebody else granted
 * @throws FleetError `config` when the current role may not do that
 */
export async function createTenantRoles(
  session: Session,
  names: readonly string[],
  application: string,
): Promise<string[]> {
  for (let from = 0; from < names.length; from += rolesAtOnce)
    await withRollback(session, () =>
      session.script(createRoles(names.slice(from, from + rolesAtOnce), application)),
    ).catch((error: unknown) => {
      throw missingRightError(error) ?? error;
    });
  const rows = await session.query<{ name: string }>(
    "SELECT name FROM unnest($1::text[]) AS name WHERE pg_catalog.pg_has_role($2::name, name::name, 'USAGE')",
    [names, application],
  );
  return rows.map(({ name }) => name);
}

/** Two runners that make the same role at once would disturb each other. */
function createRoles(names: readonly string[], application: string): string {
  const member = quoteLiteral(application);
  const body = `DECLARE
  role text;
  roles CONSTANT text[] := ARRAY[${names.map(quoteLiteral).join(", ")}]::text[];
  terms CONSTANT text := CASE WHEN current_setting('server_version_num')::integer < 160000 THEN '' ELSE ' WITH INHERIT FALSE, SET TRUE' END;
BEGIN
  FOR role IN SELECT one FROM unnest(roles) AS one WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one) LOOP
    EXECUTE format('CREATE ROLE %I NOLOGIN', role);
  END LOOP;
  -- All are asked for before the first is granted: each grant makes the server forget what it knows of memberships.
  FOREACH role IN ARRAY ARRAY(SELECT one FROM unnest(roles) AS one WHERE NOT pg_has_role(${member}::name, one::name, ${setRoleMembership})) LOOP
    EXECUTE format('GRANT %I TO %I', role, ${member}) || terms;
  END LOOP;
END`;
  return [
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    "SET LOCAL search_path = pg_catalog",
    "SET LOCAL client_min_messages = warning",
    `SELECT pg_advisory_xact_lock(${lockKey("tenants' roles")})`,
    `DO ${quoteLiteral(body)}`,
    "COMMIT",
  ].join(";\n");
}

/**
 * Drops a tenant's role in a session's database, if there is one. Somebody else's role of that name stays.
 *
 * @returns the role's name, when the current role may not drop it: then somebody else had made it
 * @throws FleetError `onboarding` when something depends on the role
 */
export async function dropTenantRole(
  session: Session,
  tenant: string,
): Promise<string | undefined> {
  const [role] = await findTenantRoles(session, [tenant]);
  if (role?.state !== "own") return undefined;
  const name = quoteIdentifier(role.name);
  try {
    await session.script(`DROP ROLE IF EXISTS ${name}`);
    return undefined;
  } catch (error) {
    const cause = causeOf(error);
    if (sqlstateOf(cause) === sqlstate.insufficientPrivilege) return role.name;
    if (sqlstateOf(cause) !== sqlstate.dependentObjectsStillExist) throw error;
    const detail = cause instanceof Error && "detail" in cause ? `: ${cause.detail}` : "";
    throw new FleetError(
      "onboarding",
      `the schemas of tenant ${tenant} are gone, and its role ${role.name} is needed elsewhere${detail}`,
      {
        remedy: `Take that from it, in the database where it has it: DROP OWNED BY ${name}. Then: drizzle-fleet tenants remove ${tenant}`,
        cause: error,
      },
    );
  }
}

/**
 * Gives a tenant's role in a session's database the name that belongs to another id. Nothing happens without such a
 * role. It can be part of a transaction.
 *
 * @throws FleetError `config` when the other id has a role already, or the current role may not rename it
 */
export async function renameTenantRole(session: Session, from: string, to: string): Promise<void> {
  const roles = await findTenantRoles(session, [from, to]);
  const [old, renamed] = [from, to].map((tenant) => roles.find((role) => role.tenant === tenant));
  if (old?.state !== "own" || renamed === undefined || from === to) return;
  if (renamed.state !== "missing")
    throw new FleetError("config", `there is a role ${renamed.name} already`, {
      remedy: `Drop or rename it: it has the name that belongs to tenant ${to}. Nothing was changed.`,
    });
  await session
    .script(`ALTER ROLE ${quoteIdentifier(old.name)} RENAME TO ${quoteIdentifier(renamed.name)}`)
    .catch((error: unknown) => {
      throw missingRightError(error) ?? error;
    });
}

/** Words for a missing right; undefined for any other error. */
function missingRightError(error: unknown): FleetError | undefined {
  const cause = causeOf(error);
  if (sqlstateOf(cause) !== sqlstate.insufficientPrivilege) return undefined;
  return new FleetError(
    "config",
    `tenants cannot have roles of their own: ${messageOf(cause)} (SQLSTATE ${sqlstate.insufficientPrivilege})`,
    {
      where: "roles",
      remedy:
        "Give the role that changes schemas CREATEROLE, and for roles that others have made GRANT ... WITH ADMIN OPTION. Or let somebody with the right make them.",
      cause: error,
    },
  );
}

function causeOf(error: unknown): unknown {
  return error instanceof ScriptError ? error.cause : error;
}
