import { afterAll, beforeAll, describe } from "vitest";
import { createDatabase } from "../support/database.ts";
import { testDrift } from "../support/drift-cases.ts";
import { testCatalogs } from "../support/drift-catalogs.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";

describe("drift on PostgreSQL 15", () => {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres(15);
  });
  afterAll(() => server?.stop());
  testDrift(() => createDatabase(server?.url));
  testCatalogs(() => createDatabase(server?.url));
});
