import { createHmac } from "node:crypto";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";

/** The roles of the embedded server: its superuser, the role that owns databases and migrates, the application role. */
export const superuser = "postgres";
export const migratorUser = "migrator";
export const applicationUser = "application";

/** The comment on roles that we created: an earlier version or a user may have created roles with these names. */
const mark = "a role of drizzle-fleet's embedded server";

/** A role's password. The others are derived from the superuser's, which cannot be computed from them. */
export function passwordOf(secret: string, user: string): string {
  return user === superuser ? secret : createHmac("sha256", secret).update(user).digest("hex");
}

/**
 * Creates the roles if they do not exist, with the privileges that they would have in production.
 *
 * @param session the superuser's
 * @param createsRoles whether the migrating role may create roles
 */
export async function ensureRoles(
  session: Session,
  secret: string,
  createsRoles: boolean,
): Promise<void> {
  const roles = await session.query<{ name: string; createsRoles: boolean }>(
    `SELECT rolname AS name, rolcreaterole AS "createsRoles" FROM pg_roles
     WHERE pg_catalog.shobj_description(oid, 'pg_authid') = $1`,
    [mark],
  );
  const attributes = new Map([
    [migratorUser, "LOGIN INHERIT"],
    [applicationUser, "LOGIN NOINHERIT"],
  ]);
  const missing = [...attributes].filter(([user]) => !roles.some(({ name }) => name === user));
  const statements = missing.flatMap(([user, wanted]) => createRole(user, wanted, secret));
  const migrator = roles.find(({ name }) => name === migratorUser);
  if (migrator?.createsRoles !== createsRoles)
    statements.push(
      `ALTER ROLE ${quoteIdentifier(migratorUser)} ${createsRoles ? "CREATEROLE" : "NOCREATEROLE"}`,
    );
  if (statements.length > 0) await session.script(["BEGIN", ...statements, "COMMIT"].join(";\n"));
}

function createRole(user: string, attributes: string, secret: string): string[] {
  const name = quoteIdentifier(user);
  const create = `CREATE ROLE ${name}`;
  return [
    `DO ${quoteLiteral(`BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${quoteLiteral(user)}) THEN ${create}; END IF; END`)}`,
    `ALTER ROLE ${name} ${attributes} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD ${quoteLiteral(passwordOf(secret, user))}`,
    `COMMENT ON ROLE ${name} IS ${quoteLiteral(mark)}`,
  ];
}

/**
 * Creates a database if it does not exist. The migrating role owns it.
 *
 * @param session the superuser's
 * @returns its owner: earlier versions created databases as superuser
 */
export async function ensureDatabase(
  session: Session,
  name: string,
): Promise<"migrator's" | "superuser's"> {
  const [found] = await session.query<{ owner: string }>(
    "SELECT datdba::regrole::text AS owner FROM pg_database WHERE datname = $1",
    [name],
  );
  if (found === undefined)
    await session.query(
      `CREATE DATABASE ${quoteIdentifier(name)} OWNER ${quoteIdentifier(migratorUser)}`,
    );
  return found?.owner === superuser ? "superuser's" : "migrator's";
}
