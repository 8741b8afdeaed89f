import { createHmac } from "node:crypto";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";

/** Who the embedded server knows: its superuser, the role that owns databases and migrates, and that of applications. */
export const superuser = "postgres";
export const migratorUser = "migrator";
export const applicationUser = "application";

/** Marks roles whose passwords are ours: an earlier version, or a person, may have made roles of these names. */
const mark = "a role of drizzle-fleet's embedded server";

/** A role's password. Each has its own, and only the superuser's is kept: from it the others can be made, and not back. */
export function passwordOf(secret: string, user: string): string {
  return user === superuser ? secret : createHmac("sha256", secret).update(user).digest("hex");
}

/**
 * Makes sure that the roles are there, with their passwords and with no right that production would not give them.
 *
 * @param session the superuser's
 * @param createsRoles whether the migrating role may make roles
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
  const statements = missing.flatMap(([user, wanted]) => ownRole(user, wanted, secret));
  const migrator = roles.find(({ name }) => name === migratorUser);
  if (migrator?.createsRoles !== createsRoles)
    statements.push(
      `ALTER ROLE ${quoteIdentifier(migratorUser)} ${createsRoles ? "CREATEROLE" : "NOCREATEROLE"}`,
    );
  if (statements.length > 0) await session.script(["BEGIN", ...statements, "COMMIT"].join(";\n"));
}

function ownRole(user: string, attributes: string, secret: string): string[] {
  const name = quoteIdentifier(user);
  const create = `CREATE ROLE ${name}`;
  return [
    `DO ${quoteLiteral(`BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${quoteLiteral(user)}) THEN ${create}; END IF; END`)}`,
    `ALTER ROLE ${name} ${attributes} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD ${quoteLiteral(passwordOf(secret, user))}`,
    `COMMENT ON ROLE ${name} IS ${quoteLiteral(mark)}`,
  ];
}

/**
 * Makes sure that a database is there. A new one belongs to the migrating role.
 *
 * @param session the superuser's
 * @returns whose it is: earlier versions made databases as the superuser
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
