import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { createProject, ended } from "./cli.ts";
import { createDatabase, createRole, type TestDatabase, urlWith } from "./database.ts";
import { configFile, history } from "./fleet.ts";

const seedModule = `
import { defineSeed } from "drizzle-fleet/config";
import { sql } from "drizzle-orm";
export default defineSeed({
  async seed(database, { id, attributes }) {
    await database.execute(sql\`insert into settings values ('name', \${id}) on conflict do nothing\`);
    if (attributes.fail === "seed") throw new Error("the seed has failed");
  },
  async createAdminUser(database, { email, passwordHash, invitationTokenHash }) {
    await database.execute(sql\`insert into users (email, secret) values (\${email}, \${passwordHash ?? invitationTokenHash}) on conflict do nothing\`);
    if (email.startsWith("fail")) throw new Error("the admin has failed");
  },
  async removeAdminUser(database, { email }) {
    await database.execute(sql\`delete from users where email = \${email}\`);
  },
});`;

export interface Project {
  readonly folder: string;
  readonly database: TestDatabase;
  readonly role: string;
  readonly roleUrl: string;
  readonly environment: Record<string, string>;
}

/** Creates a project with two services, a registry of tenants, and an application role. */
export async function createTenantsProject(): Promise<Project> {
  const database = await createDatabase();
  const { role, url: roleUrl } = await createRole(database, { mayCreate: false });
  const service = (name: string) => ({
    schema: "./schema",
    out: `./drizzle/${name}`,
    database: "main",
    tenantSchema: `${name}_{tenant}`,
  });
  const folder = await createProject({
    "drizzle.config.ts": configFile({
      databases: { main: { url: { environmentVariable: "MAIN_URL" } } },
      services: { app: { ...service("app"), seed: "./seed.ts" }, crm: service("crm") },
      connectTimeout: 5_000,
      retry: { attempts: 3 },
    }),
    "seed.ts": seedModule,
    ...history("drizzle/app", {
      "0000_init": "CREATE TABLE users (email text PRIMARY KEY, secret text);",
      "0001_settings": "CREATE TABLE settings (key text PRIMARY KEY, value text);",
      "0002_default": "INSERT INTO settings VALUES ('plan', 'free');",
    }),
    ...history("drizzle/crm", {
      "0000_init":
        "CREATE TABLE leads (id serial PRIMARY KEY, tenant text DEFAULT current_schema());",
      "0001_rows": "INSERT INTO leads SELECT FROM generate_series(1, 3);",
    }),
  });
  const environment = {
    MAIN_URL: database.url,
    DB_USER_SERVER: role,
    DB_PASSWORD_SERVER: "plain",
  };
  return { folder, database, role, roleUrl, environment };
}

/** A tenant's schemas, and its entry in the registry. */
export const traces = ({ database }: Project, tenant: string) =>
  database.query(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname IN ('app_' || $1, 'crm_' || $1)
     UNION ALL SELECT id FROM drizzle_fleet.tenants WHERE id = $1`,
    [tenant],
  );

export async function statusOf({ database }: Project, tenant: string): Promise<string | undefined> {
  const [{ there } = { there: false }] = await database.query(
    "SELECT to_regclass('drizzle_fleet.tenants') IS NOT NULL AS there",
  );
  if (there !== true) return undefined;
  const [row] = await database.query("SELECT status FROM drizzle_fleet.tenants WHERE id = $1", [
    tenant,
  ]);
  return row?.status;
}

/**
 * Expects that a tenant is complete for the application: every migration and every seed ran once.
 *
 * @param name the id that the seed has written
 */
export async function expectWorking(
  project: Project,
  tenant: string,
  name = tenant,
): Promise<void> {
  const application = await connectAs(project);
  const [row] = await application(
    `SELECT (SELECT count(*)::int FROM "app_${tenant}".__fleet_ledger WHERE applied = statements) AS app,
       (SELECT count(*)::int FROM "crm_${tenant}".__fleet_ledger WHERE applied = statements) AS crm,
       (SELECT count(*)::int FROM "crm_${tenant}".leads) AS leads,
       (SELECT string_agg(key || '=' || value, ' ' ORDER BY key) FROM "app_${tenant}".settings) AS settings`,
  );
  expect(row).toEqual({ app: 3, crm: 2, leads: 3, settings: `name=${name} plan=free` });
  expect(await statusOf(project, tenant)).toBe("active");
}

/** Returns a function that runs SQL as the application role. */
export async function connectAs({ database, roleUrl }: Project) {
  const { default: pg } = await import("pg");
  return async (sql: string) => {
    const { username, password } = new URL(roleUrl);
    const client = new pg.Client({
      connectionString: urlWith(database.url, { username, password }),
    });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
}

/** Kills a command during one of its steps. */
export async function killIn(child: ChildProcess, step: string, delayMs: number): Promise<void> {
  const over = ended(child);
  await inStep(child, step);
  await sleep(delayMs);
  child.kill("SIGKILL");
  await over;
}

/** Waits until a command reports that it begins a step. */
export async function inStep(child: ChildProcess, step: string): Promise<void> {
  if (child.stdout === null) throw new Error("no output to read");
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { type: string; step?: string };
    if (event.type === "stepStarted" && event.step === step) break;
  }
  child.stdout.resume();
}

/** Waits until the server has noticed that the sessions of killed commands are gone. */
export async function unlocked({ database }: Project, tenant: string): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const rows = await database.query(
      `SELECT FROM pg_stat_activity WHERE application_name LIKE 'drizzle-fleet%' AND datname = current_database()`,
    );
    if (rows.length === 0) return;
    await sleep(50);
  }
  throw new Error(`the sessions of tenant ${tenant} have not ended`);
}
