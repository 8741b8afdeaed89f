import { sql } from "drizzle-orm";
import { pgTable, serial, text } from "drizzle-orm/pg-core";
import { onTestFinished } from "vitest";
import { defineFleet } from "../../src/config/define.ts";
import type { FleetInput } from "../../src/config/schema.ts";
import type { Context } from "../../src/fleet/context.ts";
import { fleetErrorOf, openFleet, type RuntimeOptions } from "../../src/runtime/open.ts";
import { createDatabase, createRole, type TestDatabase } from "./database.ts";
import { contextFor, createFolder, history } from "./fleet.ts";

export const notes = pgTable("notes", { id: serial().primaryKey(), owner: text() });
export const events = pgTable("events", { id: serial().primaryKey(), kind: text() });
const schemas = { app: { notes }, log: { events } };

export const appHistory = {
  "0000_notes": `CREATE TABLE "notes" ("id" serial PRIMARY KEY, "owner" text);`,
};

const files = {
  ...history("drizzle/app", appHistory),
  ...history("drizzle/log", {
    "0000_events": `CREATE TABLE "events" ("id" serial PRIMARY KEY, "kind" text);`,
  }),
};

export interface RoleFleet {
  readonly database: TestDatabase;
  /** The database's name on the server. */
  readonly name: string;
  /** The application role. */
  readonly role: string;
  /** The database's URL for the application role. */
  readonly url: string;
  readonly root: string;
  readonly context: Context;
  /** The same project with another configuration. */
  contextWith(more: Partial<FleetInput>): Context;
  open(
    url?: string,
    options?: Partial<RuntimeOptions<typeof schemas>>,
  ): ReturnType<typeof openFleet<typeof schemas>>;
}

/**
 * Creates a fleet with `roles: "per-tenant"` and the registry: service `app`, schema `app_{tenant}`, and service `log`
 * with its single schema. The roles are dropped if the test passes.
 *
 * @param attributes attributes for CREATE ROLE of the application role; before PostgreSQL 16 it must not inherit
 */
export async function createRoleFleet(
  more: Partial<FleetInput> = {},
  { attributes = "NOINHERIT", url: adminUrl = "" } = {},
): Promise<RoleFleet> {
  const database = await createDatabase();
  const { role, url } = await createRole(database, { mayCreate: false, attributes });
  const name = new URL(database.url).pathname.slice(1);
  onTestFinished(async ({ task }) => {
    if (task.result?.state !== "fail") await dropOwnRoles(database);
  });
  const root = await createFolder(files);
  const input: FleetInput = {
    databases: { main: { url: adminUrl || database.url, applicationUrl: url } },
    services: {
      app: {
        schema: "./schema",
        out: "./drizzle/app",
        database: "main",
        tenantSchema: "app_{tenant}",
      },
      log: { schema: "./schema", out: "./drizzle/log", database: "main", singleSchema: "log" },
    },
    connectTimeout: 5_000,
    roles: "per-tenant",
    ...more,
  };
  const open: RoleFleet["open"] = (way = url, options = {}) => {
    const databases = { main: { url: database.url, applicationUrl: way } };
    const definition = defineFleet({ ...input, databases, ...more });
    const fleet = openFleet(definition, { schemas, environment: {}, ...options });
    onTestFinished(() => fleet.close());
    return fleet;
  };
  const contextWith = (other: Partial<FleetInput>) => contextFor(root, { ...input, ...other });
  return { database, name, role, url, root, context: contextWith({}), contextWith, open };
}

/** The names of the tenant roles of a database. */
export async function ownRolesOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles r WHERE NOT rolcanlogin AND (rolname LIKE '%@' || current_database()
       OR rolname ~ '^~.*~[0-9a-f]{32}$' AND EXISTS (SELECT FROM pg_shdepend JOIN pg_database d ON d.oid = dbid
         WHERE refobjid = r.oid AND datname = current_database())) ORDER BY rolname COLLATE "C"`,
  );
  return rows.map(({ name }) => name);
}

async function dropOwnRoles(database: TestDatabase): Promise<void> {
  for (const name of await ownRolesOf(database))
    await database.query(`DROP OWNED BY "${name}"; DROP ROLE "${name}"`);
}

/** The role that a tenant's transactions run as. */
export async function whoIs(fleet: ReturnType<RoleFleet["open"]>, tenant: string): Promise<string> {
  const { rows } = await fleet.tenant(tenant).app.execute(sql`SELECT current_user AS name`);
  return String(rows[0]?.name);
}

/** The FleetError, or else the server's error, that caused a rejection. */
export async function refusalOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    const own = fleetErrorOf(error);
    return own ?? (error instanceof Error && error.cause instanceof Error ? error.cause : error);
  }
}
