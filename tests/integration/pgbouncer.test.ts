import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { createDatabase } from "../support/database.ts";
import { startPgbouncer } from "../support/pgbouncer.ts";

test("a client of the pooler talks to a backend that is not its own", async () => {
  const database = await createDatabase();
  const { url } = await startPgbouncer(database.url, { poolMode: "transaction" });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  const { rows } = await client.query(
    `SELECT current_database() AS name, pg_backend_pid() AS backend`,
  );
  const [direct] = await database.query(`SELECT current_database() AS name`);
  expect(rows).toEqual([{ name: direct?.name, backend: expect.any(Number) }]);
  // The driver keeps the process that it was told at the start; its types do not have it.
  const told: unknown = Reflect.get(client, "processID");
  expect(told).toEqual(expect.any(Number));
  expect(told).not.toBe(rows[0]?.backend);
});
