import { FleetError, messageOf } from "../core/errors.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import { lockKey } from "./lock.ts";
import { withRollback } from "./rollback.ts";
import { ScriptError } from "./script-error.ts";
import type { Session } from "./session.ts";
import { sqlstate, sqlstateOf } from "./sqlstate.ts";

/**
 * SQL for the name of a tenant role in the current database: `acme@shop`. Roles belong to the server, and two of its
 * databases can have a tenant of the same name. Through a pooler, only the server knows the database's real name. A
 * name that PostgreSQL would truncate or that it reserves becomes `~`, its beginning, `~` and part of its sha256.
 * Tenant ids contain neither `@` nor `~`, so no two tenants share a role.
 *
 * @param tenant SQL for the tenant's id
 */
export function tenantRoleName(tenant: string): string {
  // PostgreSQL truncates names to 63 bytes, between characters: after a prefix of 34 letters, 29 bytes remain.
  return `(SELECT CASE WHEN pg_catalog.octet_length(plain) <= 63 AND NOT pg_catalog.starts_with(plain, 'pg_') THEN plain
    ELSE pg_catalog.concat('~', pg_catalog.substr(pg_catalog.concat(pg_catalog.repeat('x', 34), plain)::name::text, 35), '~',
      pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(plain, 'UTF8')), 'hex'), 32)) END
  FROM (SELECT pg_catalog.concat(${tenant}, '@', pg_catalog.current_database()) AS plain) AS own)`;
}

/** SQL for the kind of membership that allows SET ROLE: before PostgreSQL 16 there was only one kind. */
export const setRoleMembership =
  "CASE WHEN pg_catalog.current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END";

/** A tenant role in a database. */
export interface TenantRole {
  readonly tenant: string;
  readonly name: string;
  /** `foreign`: a role of that name exists, with privileges that no tenant role has. */
  readonly state: "missing" | "own" | "foreign";
}

/** Reads the names of tenant roles in a session's database, and whether they exist. */
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

/** The number of roles to create in one transaction: each takes locks, and a server's lock table is limited. */
const rolesAtOnce = 500;

/**
 * Creates missing roles without login, and allows the application role to SET ROLE to them without inheriting their
 * privileges. For existing roles no privilege is needed.
 *
 * @param names roles that are missing, or tenant roles
 * @returns the roles whose privileges the application role inherits because of another grant
 * @throws FleetError `config` if the current role lacks the privilege
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

/** The lock keeps two runners from creating the same role at the same time. */
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
 * Drops a tenant role in a session's database, if it exists. A `foreign` role of that name stays.
 *
 * @returns the role's name if the current role cannot drop it, because another role created it
 * @throws FleetError `onboarding` if other objects depend on the role
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
      `the schemas of tenant ${tenant} were dropped, but other objects depend on its role ${role.name}${detail}`,
      {
        remedy: `In the database that contains them, drop them or revoke the grants with DROP OWNED BY ${name}. Then run: npx drizzle-fleet tenants remove ${tenant}`,
        cause: error,
      },
    );
  }
}

/**
 * Renames a tenant role in a session's database to the name for another id, if it exists. It can be part of a
 * transaction.
 *
 * @throws FleetError `config` if the other id already has a role, or the current role lacks the privilege
 */
export async function renameTenantRole(session: Session, from: string, to: string): Promise<void> {
  const roles = await findTenantRoles(session, [from, to]);
  const [old, renamed] = [from, to].map((tenant) => roles.find((role) => role.tenant === tenant));
  if (old?.state !== "own" || renamed === undefined || from === to) return;
  if (renamed.state !== "missing")
    throw new FleetError("config", `role ${renamed.name} already exists`, {
      remedy: `Nothing was changed. Drop or rename it: the role of tenant ${to} needs this name.`,
    });
  await session
    .script(`ALTER ROLE ${quoteIdentifier(old.name)} RENAME TO ${quoteIdentifier(renamed.name)}`)
    .catch((error: unknown) => {
      throw missingRightError(error) ?? error;
    });
}

/**
 * The error for a missing privilege.
 *
 * @returns undefined for any other error
 */
function missingRightError(error: unknown): FleetError | undefined {
  const cause = causeOf(error);
  if (sqlstateOf(cause) !== sqlstate.insufficientPrivilege) return undefined;
  return new FleetError(
    "config",
    `tenant roles cannot be managed: ${messageOf(cause)} (SQLSTATE ${sqlstate.insufficientPrivilege})`,
    {
      where: "roles",
      remedy:
        "Grant CREATEROLE to the role that drizzle-fleet connects as, and the ADMIN option on tenant roles that other roles created. Or have a role with these privileges create the tenant roles. Then run the same command again.",
      cause: error,
    },
  );
}

function causeOf(error: unknown): unknown {
  return error instanceof ScriptError ? error.cause : error;
}
