import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject, onTestFinished } from "vitest";

/** A database of a test's own. */
export interface TestDatabase {
  readonly url: string;
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    values?: unknown[],
  ): Promise<Row[]>;
  /** A further connection, closed with the test. */
  connect(): Promise<pg.Client>;
}

/**
 * Creates an empty database, and drops it when the test has passed; after a failure it stays for a look.
 *
 * @param adminUrl a superuser's URL of the server; by default the run's own
 */
export async function createDatabase(adminUrl = inject("adminUrl")): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await withClient(adminUrl, (client) => client.query(`CREATE DATABASE ${name}`));
  const url = urlWith(adminUrl, { pathname: `/${name}` });
  const clients: pg.Client[] = [];
  const connect = async () => {
    const client = await open(url);
    clients.push(client);
    return client;
  };
  const first = await connect();
  onTestFinished(async ({ task }) => {
    await Promise.all(clients.map((client) => client.end()));
    if (task.result?.state === "fail") return;
    await withClient(adminUrl, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  });
  return {
    url,
    connect,
    query: async <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) =>
      (await first.query<Row>(sql, values)).rows,
  };
}

/**
 * An ordinary role, no superuser, dropped with the test.
 *
 * @param attributes what CREATE ROLE should say of it, for example `CONNECTION LIMIT 3`
 * @returns its name, and a URL with it
 */
export async function createRole(
  database: TestDatabase,
  { mayCreate = true, attributes = "" } = {},
): Promise<{ role: string; url: string }> {
  const role = `role_${randomBytes(6).toString("hex")}`;
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'plain' ${attributes}`);
  const name = new URL(database.url).pathname.slice(1);
  if (mayCreate) await database.query(`GRANT CREATE ON DATABASE ${name} TO ${role}`);
  onTestFinished(async ({ task }) => {
    // After a failure the database stays, and what is in it keeps its owner.
    if (task.result?.state !== "fail")
      await database.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  });
  return { role, url: urlWith(database.url, { username: role, password: "plain" }) };
}

/** The same URL with other parts, such as `{ username, password }`. */
export function urlWith(
  base: string,
  parts: Partial<Pick<URL, "pathname" | "username" | "password" | "port" | "hostname">>,
): string {
  return Object.assign(new URL(base), parts).href;
}

async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: "test" });
  // A test that terminates backends may hit this one.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function withClient(
  url: string,
  use: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = await open(url);
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
