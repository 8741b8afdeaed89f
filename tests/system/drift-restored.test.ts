import { afterAll, beforeAll, expect, test } from "vitest";
import { readProperties, type SchemaObject } from "../../src/catalog/properties.ts";
import { drift } from "../../src/operations/drift.ts";
import { withSession } from "../../src/postgres/session.ts";
import { kinds } from "../support/copy-kinds.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { differencesBetween } from "../support/differences.ts";
import { structure } from "../support/drift-cases.ts";
import { exampleFleet, exampleServices } from "../support/example.ts";
import { contextFor, migrateAll } from "../support/fleet.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { runPsql, scriptFile } from "../support/psql.ts";
import { repository } from "../support/repository.ts";
import { makeHard } from "../support/schema-copy.ts";

let old: PostgresServer | undefined;
beforeAll(async () => {
  old = await startPostgres(15);
});
afterAll(() => old?.stop());

function server(): PostgresServer {
  if (old === undefined) throw new Error("the server did not start");
  return old;
}

/** Restores schemas of PostgreSQL 15 into a database of the server of the test run. */
async function restore(from: TestDatabase, schemas: readonly string[], to: TestDatabase) {
  for (const schema of schemas) {
    const dump = await scriptFile(await server().dump(from.url, schema));
    expect(await runPsql(to, dump), schema).toMatchObject({ code: 0, stderr: "" });
  }
}

test("the example's tenants, restored from PostgreSQL 15, are as a replay on a newer version", async () => {
  const [from, to] = [await createDatabase(server().url), await createDatabase()];
  const names = exampleServices.map((name) => `${name}_old`);
  const contextOf = ({ url }: TestDatabase) => contextFor(repository, exampleFleet(url, ["old"]));
  await migrateAll(contextOf(from));
  await restore(from, names, to);
  const everything = { services: [], tenants: [], databases: [] };
  const { shapes, uncompared } = await drift(contextOf(to), everything);
  expect(uncompared).toEqual([]);
  expect(shapes.flatMap(({ differences }) => differences)).toEqual([]);
  expect(shapes.flatMap(({ targets }) => targets.map(({ schema }) => schema)).sort()).toEqual(
    [...names].sort(),
  );
});

/** The objects of a schema. */
async function objectsOf({ url }: TestDatabase, schema: string): Promise<readonly SchemaObject[]> {
  return withSession({ name: "main", url }, { waitMs: 5_000 }, async (session) => {
    return (await readProperties(session, [{ schema }])).get(schema) ?? [];
  });
}

type Make = (database: TestDatabase) => Promise<unknown>;

const run = (sql: string) => async (database: TestDatabase) =>
  void (await database.query(
    `CREATE SCHEMA made; SET search_path = made; ${sql}; RESET search_path`,
  ));

/** pg_dump writes such a function at once, when the one that it calls does not exist yet. */
const notRestorable = new Set([
  "function-atomic-that-calls-itself.sql",
  "function-with-a-default-that-calls-itself.sql",
  "functions-atomic-that-call-each-other.sql",
]);
const restorable = kinds.filter(({ name, since }) => since <= 15 && !notRestorable.has(name));

const structures: readonly (readonly [name: string, make: Make])[] = [
  ["the structure in which drift is made", run(structure)],
  ["objects of every kind", run(restorable.map(({ sql }) => sql).join("\n;"))],
  [
    "objects that are hard to copy",
    async (database) => {
      await database.query("CREATE SCHEMA made");
      await makeHard(database, "made");
    },
  ],
];

test.each(structures)("restored from PostgreSQL 15 into a newer version: %s", async (_, make) => {
  const [from, to, native] = [
    await createDatabase(server().url),
    await createDatabase(),
    await createDatabase(),
  ];
  await make(from);
  await make(native);
  await restore(from, ["made"], to);
  const expected = await objectsOf(native, "made");
  expect(expected.length).toBeGreaterThan(20);
  expect(differencesBetween(expected, await objectsOf(to, "made"))).toEqual([]);
});
