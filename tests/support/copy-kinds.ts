import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Context } from "../../src/fleet/context.ts";
import { addTenant } from "../../src/operations/add-tenant.ts";
import { cloneTenant } from "../../src/operations/clone-tenant.ts";
import { exportTenant } from "../../src/operations/export-tenant.ts";
import { importTenant } from "../../src/operations/import-tenant.ts";
import { removeTenant } from "../../src/operations/remove-tenant.ts";
import { Session } from "../../src/postgres/session.ts";
import { createDatabase, createRole, type TestDatabase } from "./database.ts";
import { appFleet, contextFor, createFolder, history } from "./fleet.ts";
import type { PostgresServer } from "./postgres-server.ts";
import { repository } from "./repository.ts";
import { crossing, rowsOf, structureOf } from "./schema-copy.ts";

const folder = join(repository, "tests/kinds");
/** The kinds of objects, one in each file of tests/kinds. */
export const kinds = await Promise.all(
  (await readdir(folder)).sort().map(async (file) => {
    const sql = await readFile(join(folder, file), "utf8");
    return { name: file, sql, since: Number(/^-- since PostgreSQL (\d+)/.exec(sql)?.[1] ?? 0) };
  }),
);

interface Fleet {
  readonly context: Context;
  readonly database: TestDatabase;
  readonly session: Session;
  /** Everything of a tenant that can be compared, without its id. */
  readonly everythingOf: (tenant: string) => Promise<unknown>;
}

/** Creates a fleet whose migrating role is not a superuser, with a tenant that has an object of every kind. */
async function createFleet(server: PostgresServer | undefined): Promise<Fleet> {
  const database = await createDatabase(server?.url);
  // Forced row-level security hides a table's rows from its owner, too.
  const { url } = await createRole(database, { attributes: "BYPASSRLS" });
  const root = await createFolder(history("drizzle/app", { "0000_init": "SELECT 1;" }));
  const fleet = appFleet(url, []);
  const context = contextFor(root, { ...fleet, tenants: undefined });
  await addTenant(context, { tenant: "source" });
  const session = await Session.connect({ name: "main", url }, { waitMs: 5_000 });
  onTestFinished(() => session.close());
  const [{ version } = { version: 0 }] = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS version",
  );
  await session.query("SET search_path = app_source");
  for (const { name, sql, since } of kinds)
    if (since <= version)
      await session.query(sql).catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`);
      });
  const everythingOf = async (tenant: string) => {
    const schema = `app_${tenant}`;
    const dump = await server?.dump(database.url, schema);
    return {
      catalog: await structureOf(database, schema),
      content: await rowsOf(session, schema),
      ledger: await database.query(`SELECT * FROM ${schema}.__fleet_ledger`),
      dump: dump === undefined ? [] : entriesOf(dump, schema),
    };
  };
  return { context, database, session, everythingOf };
}

/** The objects that pg_dump writes, without the schema's name and without the key that differs in each run. */
function entriesOf(dump: string, schema: string): string[] {
  // pg_dump writes functions that need each other in the order in which they were created.
  return (
    dump
      .replace(/^\\(un)?restrict .*$/gm, "")
      .replaceAll(schema, "{tenant}")
      // The name of the function that holds the ledger's seal is made from that of the schema.
      .replace(/(?<=__fleet_ledger_edited_)[0-9a-f]{12}/g, "")
      .split(/^--\n(?=-- (?:Data for )?Name: )/m)
      .map((entry) => entry.trim())
      .sort()
  );
}

/**
 * Tests that a tenant with an object of every kind is copied completely.
 *
 * @param start starts the server to use; without it, the server of the test run is used. It has no pg_dump, so only
 *   catalogs and rows are compared there.
 */
export function testCopiesOfEveryKind(major: number, start?: () => Promise<PostgresServer>): void {
  describe(`every kind of object on PostgreSQL ${major}`, () => {
    let server: PostgresServer | undefined;
    beforeAll(async () => {
      server = await start?.();
    });
    afterAll(() => server?.stop());

    test("is in a clone", async () => {
      const { context, database, everythingOf } = await createFleet(server);
      const before = await everythingOf("source");
      await cloneTenant(context, { tenant: "source", to: "copy" });
      expect(await everythingOf("copy")).toEqual(before);
      expect(await everythingOf("source")).toEqual(before);
      expect(await crossing(database, "app_copy", "app_source")).toEqual([]);
    });

    test("is restored from the file of a removed tenant", async () => {
      const { context, everythingOf } = await createFleet(server);
      const before = await everythingOf("source");
      const file = join(await createFolder(), "source.ndjson");
      await removeTenant(context, { tenant: "source", dump: file });
      await importTenant(context, { file });
      expect(await everythingOf("source")).toEqual(before);
    });

    test("is in a tenant imported from an exported file", async () => {
      const { context, everythingOf } = await createFleet(server);
      const before = await everythingOf("source");
      const file = join(await createFolder(), "source.gz");
      await exportTenant(context, { tenant: "source", file });
      await importTenant(context, { file, tenant: "other" });
      expect(await everythingOf("other")).toEqual(before);
    });
  });
}
