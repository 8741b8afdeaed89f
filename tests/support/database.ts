import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject, onTestFinished } from "vitest";

/** A database for one test. */
export interface TestDatabase {
  readonly url: string;
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    values?: unknown[],
  ): Promise<Row[]>;
  /** Opens another connection, which is closed when the test ends. */
  connect(): Promise<pg.Client>;
}

/**
 * Creates an empty database. It is dropped if the test passes, and kept for inspection if it fails.
 *
 * @param adminUrl a superuser's URL of the server; by default the server of the test run
 * @param template the database of which it becomes a copy; by default an empty one
 */
export async function createDatabase(
  adminUrl = inject("adminUrl"),
  template = "template1",
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await withClient(adminUrl, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`),
  );
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
 * Creates an ordinary role, which is dropped if the test passes.
 *
 * @param mayCreate whether the role can create schemas in the database
 * @param attributes attributes for CREATE ROLE, such as `CONNECTION LIMIT 3`
 * @returns the role's name, and the database's URL for this role
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
    // After a failure, the database is kept, and so is the owner of its objects.
    if (task.result?.state !== "fail")
      await database.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  });
  return { role, url: urlWith(database.url, { username: role, password: "plain" }) };
}

/** Returns the URL with some parts replaced, such as `{ username, password }`. */
export function urlWith(
  base: string,
  parts: Partial<Pick<URL, "pathname" | "username" | "password" | "port" | "hostname">>,
): string {
  return Object.assign(new URL(base), parts).href;
}

async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: "test" });
  // A test that terminates backends can also terminate this one.
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
