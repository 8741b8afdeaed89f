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

/** Creates an empty database, and drops it when the test has passed; after a failure it stays for a look. */
export async function createDatabase(): Promise<TestDatabase> {
  const adminUrl = inject("adminUrl");
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
