import { onTestFinished } from "vitest";
import type { FleetInput } from "../../src/config/schema.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { Session } from "../../src/postgres/session.ts";
import { createDatabase, createRole, type TestDatabase } from "./database.ts";
import { contextFor, createFolder, history } from "./fleet.ts";
import { makeHard, rowsOf, structureOf } from "./schema-copy.ts";

export const app = {
  "0000_notes": `CREATE TYPE feeling AS ENUM ('fine', 'bad');
CREATE TABLE notes (id serial PRIMARY KEY, text text, feeling feeling DEFAULT 'fine', up integer REFERENCES notes);
CREATE FUNCTION "public"."count_notes"() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM "public"."notes"); END $$;`,
};
const log = {
  "0000_lines": "CREATE TABLE lines (at timestamptz DEFAULT now(), line text);",
};

/** Creates a fleet of two services, each in its own database; the registry is in the first. */
export async function createFleet(more: Partial<FleetInput> = {}) {
  const [main, second] = [await createDatabase(), await createDatabase()];
  const { role } = await createRole(main, { mayCreate: false });
  onTestFinished(async () => void (await second.query(`DROP OWNED BY ${role}`)));
  const root = await createFolder({
    ...history("drizzle/app", app),
    ...history("drizzle/log", log),
  });
  const service = (name: string, database: string) => ({
    ...{ schema: "./none", out: `./drizzle/${name}`, database },
    tenantSchema: `${name}_{tenant}`,
  });
  const fleet = {
    databases: { main: { url: main.url }, second: { url: second.url } },
    services: { app: service("app", "main"), log: service("log", "second") },
    connectTimeout: 5_000,
    timeouts: { lock: 200 },
    retry: { attempts: 2 },
    ...more,
  };
  const context = contextFor(root, fleet, { DB_USER_SERVER: role, DB_PASSWORD_SERVER: "plain" });
  const sessions = await Promise.all([sessionOf(main), sessionOf(second)]);
  const [session, secondSession] = sessions as [Session, Session];
  return { main, second, role, root, context, session, secondSession };
}

export type Fleet = Awaited<ReturnType<typeof createFleet>>;

async function sessionOf({ url }: TestDatabase): Promise<Session> {
  const session = await Session.connect({ name: "main", url }, { waitMs: 5_000 });
  onTestFinished(() => session.close());
  return session;
}

/** Adds a tenant with everything that is hard to copy, and some rows. */
export async function addHard({ main, second, context }: Fleet, tenant: string): Promise<void> {
  await addTenant(context, { tenant, attributes: { plan: "gold" } });
  await makeHard(main, `app_${tenant}`);
  await addRows({ main, second }, tenant);
}

export async function addRows({ main, second }: Pick<Fleet, "main" | "second">, tenant: string) {
  await main.query(
    `INSERT INTO app_${tenant}.notes (text, feeling, up) SELECT E'a\\tb\\n\\\\' || n || '\u2028ü', 'bad', nullif(n, 1) FROM generate_series(1, 50) n ORDER BY 1`,
  );
  await second.query(`INSERT INTO log_${tenant}.lines (line) VALUES ('${tenant}'), (NULL), ('')`);
}

export const ledgerOf = (database: TestDatabase, schema: string) =>
  database.query(`SELECT * FROM ${schema}.__fleet_ledger ORDER BY tag`);

/** Everything in a tenant's schemas that can be compared. */
export async function contentsOf(fleet: Fleet, tenant: string) {
  const { main, second, session, secondSession } = fleet;
  return {
    app: await structureOf(main, `app_${tenant}`),
    rows: await rowsOf(session, `app_${tenant}`),
    ledger: await ledgerOf(main, `app_${tenant}`),
    log: await structureOf(second, `log_${tenant}`),
    logRows: await rowsOf(secondSession, `log_${tenant}`),
    logLedger: await ledgerOf(second, `log_${tenant}`),
  };
}

/** The registered tenants, as `id status`, and the tenant schemas. */
export async function tenantStatuses({ main, second }: Pick<Fleet, "main" | "second">) {
  const tenants = await main.query<{ one: string }>(
    "SELECT id || ' ' || status AS one FROM drizzle_fleet.tenants ORDER BY 1",
  );
  const schemas = `SELECT nspname AS one FROM pg_namespace WHERE nspname ~ '^(app|log)_' ORDER BY 1`;
  const all = [
    ...tenants,
    ...(await main.query<{ one: string }>(schemas)),
    ...(await second.query<{ one: string }>(schemas)),
  ];
  return all.map(({ one }) => one);
}

export const mayEnter = async (database: TestDatabase, role: string, schema: string) => {
  const [row] = await database.query<{ may: boolean }>(
    "SELECT has_schema_privilege($1, $2, 'USAGE') AS may",
    [role, schema],
  );
  return row?.may;
};

export const only = (tenant: string) => [`${tenant} active`, `app_${tenant}`, `log_${tenant}`];
export const both = (one: string, other: string) =>
  [[one, other].sort()].flatMap(([a, b]) => [
    ...[`${a} active`, `${b} active`],
    ...[`app_${a}`, `app_${b}`, `log_${a}`, `log_${b}`],
  ]);
