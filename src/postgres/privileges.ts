import { quoteIdentifier } from "./identifiers.ts";
import type { Session } from "./session.ts";

/** What an application may do with rows, and with the sequences that number them. */
const onTables = "SELECT, INSERT, UPDATE, DELETE";
const onSequences = "USAGE, SELECT, UPDATE";

/**
 * Statements that let a role use a schema that is new: its tables, those of later migrations too, and nothing else.
 * Default privileges count for what the current role creates.
 */
export function admitToNew(schema: string, role: string): string[] {
  const [place, who] = [quoteIdentifier(schema), quoteIdentifier(role)];
  const defaults = `ALTER DEFAULT PRIVILEGES IN SCHEMA ${place} GRANT`;
  return [
    `GRANT USAGE ON SCHEMA ${place} TO ${who}`,
    `${defaults} ${onTables} ON TABLES TO ${who}`,
    `${defaults} ${onSequences} ON SEQUENCES TO ${who}`,
  ];
}

/**
 * As `admitToNew`, for a schema that has tables already.
 *
 * @param readOnly a table that the role may read and not change, quoted and qualified
 */
export function admit(schema: string, role: string, readOnly: string): string[] {
  const [place, who] = [quoteIdentifier(schema), quoteIdentifier(role)];
  return [
    ...admitToNew(schema, role),
    `GRANT ${onTables} ON ALL TABLES IN SCHEMA ${place} TO ${who}`,
    `GRANT ${onSequences} ON ALL SEQUENCES IN SCHEMA ${place} TO ${who}`,
    ...onlyReading(readOnly, role),
  ];
}

/** Statements that let a role read a table, and no more. */
export function onlyReading(table: string, role: string): string[] {
  const who = quoteIdentifier(role);
  return [`REVOKE ALL ON ${table} FROM ${who}`, `GRANT SELECT ON ${table} TO ${who}`];
}

/** Statements that take from a role what `admit` gave it. */
export function dismiss(schema: string, role: string): string[] {
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

/** What somebody other than its owner may do with a schema. */
export interface SchemaGrant {
  readonly schema: string;
  /** Null for PUBLIC. */
  readonly grantee: string | null;
  readonly privilege: "USAGE" | "CREATE";
  /** True when the grantee may pass it on. */
  readonly grantable: boolean;
}

/** What is granted on schemas, to others than their owners. */
export function grantsOn(session: Session, schemas: readonly string[]): Promise<SchemaGrant[]> {
  return session.query<SchemaGrant>(
    `SELECT n.nspname AS schema, r.rolname AS grantee, g.privilege_type AS privilege, bool_or(g.is_grantable) AS grantable
     FROM pg_catalog.pg_namespace n CROSS JOIN pg_catalog.aclexplode(n.nspacl) AS g
     LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee
     WHERE n.nspname = ANY($1) AND g.grantee <> n.nspowner AND (g.grantee = 0 OR r.oid IS NOT NULL)
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    [schemas],
  );
}

/** The statement that keeps grantees out of a schema; what they may do inside stays, for when they come back. */
export function shutOut(schema: string, grants: readonly SchemaGrant[]): string {
  const grantees = [...new Set(grants.map(granteeOf))].join(", ");
  // CASCADE: what a grantee has passed on goes, too.
  return `REVOKE ALL ON SCHEMA ${quoteIdentifier(schema)} FROM ${grantees} CASCADE`;
}

/** The statement that gives back what `shutOut` took. */
export function letBackIn(grant: SchemaGrant): string {
  const more = grant.grantable ? " WITH GRANT OPTION" : "";
  return `GRANT ${grant.privilege} ON SCHEMA ${quoteIdentifier(grant.schema)} TO ${granteeOf(grant)}${more}`;
}

function granteeOf({ grantee }: Pick<SchemaGrant, "grantee">): string {
  return grantee === null ? "PUBLIC" : quoteIdentifier(grantee);
}

/** A role that can enter schemas, or take on a role that can. */
export interface Insider {
  readonly role: string;
  readonly schema: string;
  /** Why, as the end of "it ...". */
  readonly reason: string;
}

/**
 * Who can enter schemas, or take on a role that can, except the current role. Superusers always can: they are left out,
 * unless they are named.
 *
 * @param named roles of interest whatever they are
 */
export function insidersOf(
  session: Session,
  schemas: readonly string[],
  named: readonly string[],
): Promise<Insider[]> {
  return session.query<Insider>(
    `SELECT r.rolname AS role, min(n.nspname) AS schema, CASE
         WHEN r.rolsuper THEN 'is a superuser'
         WHEN bool_or(r.oid = n.nspowner) THEN 'owns the schema'
         WHEN bool_or(pg_catalog.pg_has_role(r.oid, n.nspowner, 'MEMBER')) THEN 'is a member of the owner ' || min(o.rolname)
         WHEN pg_catalog.pg_has_role(r.oid, 'pg_read_all_data', 'MEMBER') THEN 'is a member of pg_read_all_data'
         WHEN pg_catalog.pg_has_role(r.oid, 'pg_write_all_data', 'MEMBER') THEN 'is a member of pg_write_all_data'
         ELSE 'has been granted it, directly or through another role' END AS reason
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
