import { asc, relations, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { integer, pgTable, serial, text } from "drizzle-orm/pg-core";
import { expect, onTestFinished } from "vitest";
import { defineFleet } from "../../src/config/define.ts";
import type { FleetInput } from "../../src/config/schema.ts";
import { fleetErrorOf, openFleet, type RuntimeOptions } from "../../src/runtime/open.ts";
import { createDatabase, createRole, type TestDatabase } from "./database.ts";
import { contextFor, createFolder, history, migrateAll } from "./fleet.ts";

export const users = pgTable("users", { id: serial().primaryKey(), name: text().notNull() });
export const posts = pgTable("posts", { id: serial().primaryKey(), author: integer().notNull() });
export const auth = {
  users,
  posts,
  userRelations: relations(users, ({ many }) => ({ posts: many(posts) })),
  postRelations: relations(posts, ({ one }) => ({
    user: one(users, { fields: [posts.author], references: [users.id] }),
  })),
};
export const events = pgTable("events", { id: serial().primaryKey(), kind: text().notNull() });
export const schemas = { auth, ingestion: { events } };

const files = {
  ...history("drizzle/auth", {
    "0000_users": `CREATE TABLE "users" ("id" serial PRIMARY KEY, "name" text NOT NULL);`,
    "0001_posts": `CREATE TABLE "posts" ("id" serial PRIMARY KEY, "author" integer NOT NULL REFERENCES "users" DEFERRABLE INITIALLY DEFERRED);`,
  }),
  ...history("drizzle/ingestion", {
    "0000_events": `CREATE TABLE "events" ("id" serial PRIMARY KEY, "kind" text NOT NULL);`,
  }),
};

export function fleetInput(
  url: string,
  applicationUrl: string,
  tenants: readonly string[],
): FleetInput {
  const service = { database: "main" };
  return {
    databases: { main: { url, applicationUrl } },
    services: {
      auth: { ...service, schema: "./auth", out: "./drizzle/auth", tenantSchema: "auth_{tenant}" },
      audit: {
        ...service,
        schema: "./audit",
        out: "./drizzle/none",
        tenantSchema: "auth_log_{tenant}",
      },
      ingestion: {
        ...service,
        schema: "./ingestion",
        out: "./drizzle/ingestion",
        singleSchema: "ingestion",
        sharedSchemas: ["public"],
      },
    },
    tenants: [...tenants],
    connectTimeout: 3_000,
  };
}

export interface Setup {
  readonly database: TestDatabase;
  readonly role: string;
  readonly url: string;
  readonly input: FleetInput;
  open(
    options?: Partial<RuntimeOptions<typeof schemas>>,
    url?: string,
  ): ReturnType<typeof openFleet<typeof schemas>>;
}

/** Creates migrated tenants, each with one user named like the tenant, and an application role with access to them. */
export async function setUp(tenants: readonly string[] = ["acme", "beta"]): Promise<Setup> {
  const database = await createDatabase();
  const owner = await createRole(database);
  const { role, url } = await createRole(database, { mayCreate: false });
  const root = await createFolder(files);
  const input = fleetInput(owner.url, url, tenants);
  const result = await migrateAll(contextFor(root, input), { services: ["auth", "ingestion"] });
  expect(result.outcomes.map(({ status }) => status)).not.toContain("failed");
  const names = ["ingestion", ...tenants.map((tenant) => `auth_${tenant}`)];
  const grants = names.map(
    (name) =>
      `GRANT USAGE ON SCHEMA "${name}" TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA "${name}" TO ${role};
       GRANT ALL ON ALL SEQUENCES IN SCHEMA "${name}" TO ${role};`,
  );
  const rows = tenants.map(
    (tenant) => `INSERT INTO "auth_${tenant}".users (name) VALUES ('${tenant}');`,
  );
  const name = new URL(database.url).pathname.slice(1);
  await database.query(
    `${grants.join("\n")}${rows.join("\n")} GRANT TEMPORARY ON DATABASE ${name} TO ${role}`,
  );
  const open: Setup["open"] = (options = {}, way = url) => {
    const definition = defineFleet({
      ...input,
      databases: { main: { url: owner.url, applicationUrl: way } },
    });
    const fleet = openFleet(definition, { schemas, environment: {}, ...options });
    onTestFinished(() => fleet.close());
    return fleet;
  };
  return { database, role, url, input, open };
}

export type AnyFleet = ReturnType<Setup["open"]>;

export const namesOf = async (fleet: AnyFleet, tenant: string) =>
  (await fleet.tenant(tenant).auth.select().from(users).orderBy(asc(users.id))).map(
    ({ name }) => name,
  );

export const refusalOf = (promise: PromiseLike<unknown>) =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => fleetErrorOf(error) ?? error,
  );

export async function scalarOf(
  database: { execute: NodePgDatabase["execute"] },
  expression: string,
): Promise<unknown> {
  const { rows } = await database.execute(sql.raw(`SELECT ${expression} AS value`));
  return rows[0]?.value;
}
