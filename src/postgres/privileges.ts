import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Session } from "./session.ts";
import { setRoleMembership } from "./tenant-roles.ts";

/** The application's privileges on tables, and on the sequences that number their rows. */
const onTables = "SELECT, INSERT, UPDATE, DELETE";
const onSequences = "USAGE, SELECT, UPDATE";

/**
 * Statements that let a role use a new schema: the tables that migrations create in it, and nothing else. Default
 * privileges apply to objects that the current role creates.
 */
export function grantNewSchema(schema: string, role: string): string[] {
  const [place, who] = [quoteIdentifier(schema), quoteIdentifier(role)];
  const defaults = `ALTER DEFAULT PRIVILEGES IN SCHEMA ${place} GRANT`;
  return [
    `GRANT USAGE ON SCHEMA ${place} TO ${who}`,
    `${defaults} ${onTables} ON TABLES TO ${who}`,
    `${defaults} ${onSequences} ON SEQUENCES TO ${who}`,
  ];
}

/**
 * Like `grantNewSchema`, for a schema that already has tables.
 *
 * @param readOnly a table that the role can read but not change, quoted and qualified
 */
export function grantExistingSchema(schema: string, role: string, readOnly: string): string[] {
  const [place, who] = [quoteIdentifier(schema), quoteIdentifier(role)];
  return [
    ...grantNewSchema(schema, role),
    `GRANT ${onTables} ON ALL TABLES IN SCHEMA ${place} TO ${who}`,
    `GRANT ${onSequences} ON ALL SEQUENCES IN SCHEMA ${place} TO ${who}`,
    ...limitToSelect(readOnly, role),
  ];
}

/**
 * A statement that limits all grantees of a table, except its owner, to SELECT.
 *
 * @param table quoted and qualified
 */
export function revokeWritesOfOthers(table: string): string {
  return `DO ${quoteLiteral(`DECLARE who text; BEGIN
  FOR who IN SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
    FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
    WHERE c.oid = pg_catalog.to_regclass(${quoteLiteral(table)}) AND a.grantee <> c.relowner AND a.privilege_type <> 'SELECT'
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON %s FROM %s CASCADE', ${quoteLiteral(table)}, who);
    EXECUTE pg_catalog.format('GRANT SELECT ON %s TO %s', ${quoteLiteral(table)}, who);
  END LOOP;
END`)}`;
}

/** Statements that let a role read a table, and do nothing else with it. */
export function limitToSelect(table: string, role: string): string[] {
  const who = quoteIdentifier(role);
  return [`REVOKE ALL ON ${table} FROM ${who}`, `GRANT SELECT ON ${table} TO ${who}`];
}

/** Statements that revoke what `grantExistingSchema` granted. */
export function revokeSchema(schema: string, role: string): string[] {
  const [place, who] = [quoteIdentifier(schema), quoteIdentifier(role)];
  const defaults = `ALTER DEFAULT PRIVILEGES IN SCHEMA ${place} REVOKE ALL ON`;
  return [
    `REVOKE ALL ON SCHEMA ${place} FROM ${who}`,
    `${defaults} TABLES FROM ${who}`,
    `${defaults} SEQUENCES FROM ${who}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA ${place} FROM ${who}`,
    `REVOKE ALL ON ALL SEQUENCES IN SCHEMA ${place} FROM ${who}`,
  ];
}

/** A schema that a role lacks access to. */
export interface MissingAccess {
  readonly schema: string;
  readonly role: string;
  /** True if the role can use the schema, and only lacks the privilege to read the ledger. */
  readonly usage: boolean;
}

/**
 * Finds the schemas with a ledger that their roles cannot use, or whose ledger they cannot read. This includes roles
 * that do not exist, and roles that the application cannot SET ROLE to.
 *
 * @param asked schemas, unquoted, each with the role that should use it
 * @param application the role that applications connect as
 * @param ledger the name of the ledger tables
 */
export function findMissingAccess(
  session: Session,
  asked: readonly { readonly schema: string; readonly role: string }[],
  application: string,
  ledger: string,
): Promise<MissingAccess[]> {
  // A direct grant is checked first, because checking inherited privileges costs ten times as much.
  const has = (acl: string, right: string, otherwise: string) =>
    `CASE WHEN r.oid IS NULL THEN false
       WHEN EXISTS (SELECT FROM pg_catalog.aclexplode(${acl}) AS g WHERE g.grantee = r.oid AND g.privilege_type = '${right}') THEN true
       ELSE ${otherwise} END`;
  const member = `(r.rolname = $4 OR coalesce(pg_catalog.pg_has_role((SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $4), r.oid, ${setRoleMembership}), false))`;
  return session.query<MissingAccess>(
    `SELECT * FROM (
       SELECT asked.schema, asked.role, ${has("n.nspacl", "USAGE", "pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')")} AND ${member} AS usage,
         ${has("l.relacl", "SELECT", "pg_catalog.has_table_privilege(r.oid, l.oid, 'SELECT')")} AS ledger
       FROM unnest($1::text[], $2::text[]) AS asked (schema, role)
       JOIN pg_catalog.pg_namespace n ON n.nspname = asked.schema
       JOIN pg_catalog.pg_class l ON l.relnamespace = n.oid AND l.relname = $3 AND l.relkind = 'r'
       LEFT JOIN pg_catalog.pg_roles r ON r.rolname = asked.role
     ) AS found WHERE NOT usage OR NOT ledger`,
    [asked.map(({ schema }) => schema), asked.map(({ role }) => role), ledger, application],
  );
}

/** A grant to a role other than the owner, on a schema, or on a table, view or sequence in it. */
export interface Grant {
  readonly schema: string;
  readonly kind: "SCHEMA" | "TABLE" | "SEQUENCE";
  /** The table, view or sequence; null for the schema itself. */
  readonly relation: string | null;
  /** Null for PUBLIC. */
  readonly grantee: string | null;
  /** As in GRANT: `SELECT, UPDATE (name)`. */
  readonly privileges: string;
  /** True for WITH GRANT OPTION. */
  readonly grantable: boolean;
}

/** Reads the grants on schemas themselves. */
export function readSchemaGrants(session: Session, schemas: readonly string[]): Promise<Grant[]> {
  return readGrantsFrom(
    session,
    schemas,
    `SELECT n.oid AS namespace, 'SCHEMA' AS kind, NULL::name AS relation, g.grantee, g.is_grantable AS grantable, g.privilege_type AS privilege
     FROM pg_catalog.pg_namespace n CROSS JOIN pg_catalog.aclexplode(n.nspacl) AS g WHERE g.grantee <> n.nspowner`,
  );
}

/** Reads the grants on tables, their columns, views and sequences in schemas. */
export function readRelationGrants(session: Session, schemas: readonly string[]): Promise<Grant[]> {
  const relation = `c.relnamespace AS namespace, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
    c.relname AS relation, g.grantee, g.is_grantable AS grantable`;
  const relations = "c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND g.grantee <> c.relowner";
  return readGrantsFrom(
    session,
    schemas,
    `SELECT ${relation}, g.privilege_type AS privilege
     FROM pg_catalog.pg_class c CROSS JOIN pg_catalog.aclexplode(c.relacl) AS g WHERE ${relations}
     UNION ALL SELECT ${relation}, g.privilege_type || ' (' || pg_catalog.quote_ident(a.attname) || ')'
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
     CROSS JOIN pg_catalog.aclexplode(a.attacl) AS g WHERE ${relations}`,
  );
}

function readGrantsFrom(
  session: Session,
  schemas: readonly string[],
  each: string,
): Promise<Grant[]> {
  return session.query<Grant>(
    `SELECT n.nspname AS schema, one.kind, one.relation, r.rolname AS grantee, one.grantable,
       string_agg(one.privilege, ', ' ORDER BY one.privilege) AS privileges
     FROM (${each}) AS one JOIN pg_catalog.pg_namespace n ON n.oid = one.namespace
     LEFT JOIN pg_catalog.pg_roles r ON r.oid = one.grantee
     WHERE n.nspname = ANY($1) AND (one.grantee = 0 OR r.oid IS NOT NULL)
     GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 3, 4, 5`,
    [schemas],
  );
}

/** Statements that revoke grants on one schema and its objects from their grantees. */
export function revokeGrants(schema: string, grants: readonly Grant[]): string[] {
  const place = quoteIdentifier(schema);
  const granteesOf = (inside: boolean) => {
    const own = grants.filter(({ relation }) => (relation !== null) === inside);
    return [...new Set(own.map(granteeOf))].join(", ");
  };
  const [onSchema, inside] = [granteesOf(false), granteesOf(true)];
  // CASCADE also revokes what a grantee has granted to others.
  return [
    ...(onSchema === "" ? [] : [`REVOKE ALL ON SCHEMA ${place} FROM ${onSchema} CASCADE`]),
    ...["TABLES", "SEQUENCES"].flatMap((kind) =>
      inside === "" ? [] : [`REVOKE ALL ON ALL ${kind} IN SCHEMA ${place} FROM ${inside} CASCADE`],
    ),
  ];
}

/** The statement that restores a grant that `revokeGrants` revoked. */
export function restoreGrant(grant: Grant): string {
  const { schema, kind, relation, privileges, grantable } = grant;
  const place = quoteIdentifier(schema);
  const object = relation === null ? place : `${place}.${quoteIdentifier(relation)}`;
  const more = grantable ? " WITH GRANT OPTION" : "";
  return `GRANT ${privileges} ON ${kind} ${object} TO ${granteeOf(grant)}${more}`;
}

function granteeOf({ grantee }: Pick<Grant, "grantee">): string {
  return grantee === null ? "PUBLIC" : quoteIdentifier(grantee);
}

/** A role with access to schemas, directly or through another role. */
export interface RoleWithAccess {
  readonly role: string;
  readonly schema: string;
  /** The reason, worded to follow the name of the role: `is a superuser`. */
  readonly reason: string;
}

/**
 * Finds roles with access to schemas, directly or through another role, except the current role. Superusers, who
 * always have access, are found only if they are named.
 *
 * @param named roles to include even if they are superusers
 */
export function findRolesWithAccess(
  session: Session,
  schemas: readonly string[],
  named: readonly string[],
): Promise<RoleWithAccess[]> {
  return session.query<RoleWithAccess>(
    `SELECT r.rolname AS role, min(n.nspname) AS schema, CASE
         WHEN r.rolsuper THEN 'is a superuser'
         WHEN bool_or(r.oid = n.nspowner) THEN 'owns the schema'
         WHEN bool_or(pg_catalog.pg_has_role(r.oid, n.nspowner, 'MEMBER')) THEN 'is a member of the owner ' || min(o.rolname)
         WHEN pg_catalog.pg_has_role(r.oid, 'pg_read_all_data', 'MEMBER') THEN 'is a member of pg_read_all_data'
         WHEN pg_catalog.pg_has_role(r.oid, 'pg_write_all_data', 'MEMBER') THEN 'is a member of pg_write_all_data'
         ELSE 'has been granted access, directly or through another role' END AS reason
     FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner CROSS JOIN pg_catalog.pg_roles r
     WHERE n.nspname = ANY($1) AND r.rolname <> current_user
       AND (r.rolname = ANY($2) OR NOT r.rolsuper AND r.oid <> n.nspowner AND NOT pg_catalog.starts_with(r.rolname, 'pg_'))
       AND (pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE, CREATE') OR pg_catalog.pg_has_role(r.oid, n.nspowner, 'MEMBER')
         OR pg_catalog.pg_has_role(r.oid, 'pg_read_all_data', 'MEMBER') OR pg_catalog.pg_has_role(r.oid, 'pg_write_all_data', 'MEMBER')
         OR EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) AS g
           WHERE g.grantee <> 0 AND g.grantee <> n.nspowner AND pg_catalog.pg_has_role(r.oid, g.grantee, 'MEMBER')))
     GROUP BY r.oid, r.rolname, r.rolsuper ORDER BY 1`,
    [schemas, named],
  );
}
