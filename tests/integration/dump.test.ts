import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { quoteIdentifier } from "../../src/core/quoting.ts";
import { fill, type Template } from "../../src/core/template.ts";
import { dumpContent, insertsOf, setSequences } from "../../src/dump/rows/content.ts";
import { copyStatements } from "../../src/dump/rows/copy.ts";
import { dumpStructure } from "../../src/dump/structure.ts";
import type { StructureDump } from "../../src/dump/types.ts";
import { Session } from "../../src/postgres/session.ts";
import { createDatabase, createRole, type TestDatabase } from "../support/database.ts";
import { appFleet, contextFor, migrateAll } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";
import { crossing, makeHard, rowsOf, structureOf } from "../support/schema-copy.ts";

/** A name that always needs quotes. */
const awkward = "app_Zwei-größe";

async function sessionOf(url: string): Promise<Session> {
  const session = await Session.connect({ name: "main", url }, { waitMs: 5_000 });
  onTestFinished(() => session.close());
  return session;
}

/** Runs statements as drizzle-fleet does: in one transaction, without checking functions, in the new schema. */
async function load(
  session: Session,
  schema: string,
  parts: { preData: readonly Template[]; rows: readonly string[]; postData: readonly Template[] },
): Promise<void> {
  const quoted = quoteIdentifier(schema);
  const statements = [
    "BEGIN",
    `CREATE SCHEMA ${quoted}`,
    "SET LOCAL check_function_bodies = off",
    `SET LOCAL search_path = ${quoted}`,
    ...parts.preData.map((template) => fill(template, quoted)),
    ...parts.rows,
    ...parts.postData.map((template) => fill(template, quoted)),
    "COMMIT",
  ];
  for (const statement of statements)
    await session.query(statement).catch((error: unknown) => {
      throw new Error(`${String(error)}\nin: ${statement}`);
    });
}

async function clone(session: Session, from: string, to: string): Promise<StructureDump> {
  const dump = await dumpStructure(session, from);
  await load(session, to, { ...dump, rows: copyStatements(from, to, dump) });
  return dump;
}

/** A dump's statements without their order, which can depend on the order of creation. */
function textsOf({ preData, postData }: StructureDump): string[] {
  return [...preData, ...postData]
    .map((template) => template.join("{tenant}").replace(", success, invoice) ON", ", success) ON"))
    .sort();
}

/**
 * Copies a schema and compares structure, rows, sequences and dependencies.
 *
 * @param like a schema with the same structure to compare with, if an object in the schema has the schema's name
 */
async function expectCopy(
  database: TestDatabase,
  session: Session,
  from: string,
  to: string,
  like = from,
): Promise<StructureDump> {
  const expected = await structureOf(database, like);
  const [structure, rows] = [await structureOf(database, from), await rowsOf(session, from)];
  const dump = await clone(session, from, to);
  expect(await structureOf(database, to)).toEqual(expected);
  expect(await rowsOf(session, to)).toEqual(rows);
  // The statements contain more than the catalog's lines, such as storage options.
  expect(textsOf(await dumpStructure(session, to))).toEqual(textsOf(dump));
  expect(await crossing(database, to, from)).toEqual([]);
  expect(await structureOf(database, from)).toEqual(structure);
  expect(await rowsOf(session, from)).toEqual(rows);
  return dump;
}

describe("a copy of a migrated schema has the same structure and rows", () => {
  const services = {
    auth: "drizzle/auth",
    workflow: "drizzle/workflow",
    ingestion: "drizzle/ingestion",
  };
  const histories = {
    "chat-platform": ["0035_dynamic_maintenance"],
    "booking-suite": ["0036_watchlist_nested", "0042_lock_and_truncate"],
    "deploy-panel": ["0036_generic_audit"],
  };
  const cases: [name: string, folder: string, acceptUnproved: string[]][] = [
    ...Object.entries(services).map(([name, folder]): [string, string, string[]] => [
      name,
      folder,
      [],
    ]),
    ...Object.entries(histories).map(([name, accepted]): [string, string, string[]] => [
      name,
      `tests/histories/${name}`,
      accepted,
    ]),
  ];

  test.each(cases)("%s", async (_name, folder, acceptUnproved) => {
    const database = await createDatabase();
    const app = {
      schema: "./none",
      out: join(repository, folder),
      database: "main",
      tenantSchema: "app_{tenant}",
      acceptUnproved,
    };
    const input = appFleet(database.url, ["one"], { services: { app } });
    const { outcomes } = await migrateAll(contextFor(repository, input));
    expect(outcomes.map(({ failure }) => failure)).toEqual([undefined]);
    const session = await sessionOf(database.url);
    const dump = await expectCopy(database, session, "app_one", awkward);
    expect(
      textsOf(dump).filter((text) => text.includes("app_one") || text.includes("__fleet")),
    ).toEqual([]);
    // Then from a schema whose name always needs quotes.
    await expectCopy(database, session, awkward, "app_three");
  });
});

async function hardSchema(database: TestDatabase, schema: string): Promise<void> {
  await database.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  await makeHard(database, schema);
}

describe("a schema with every kind of object is copied", () => {
  test.each(["hard", awkward, "order", "text", "users", "a"])(
    "if it is named %s",
    async (schema) => {
      const database = await createDatabase();
      await hardSchema(database, schema);
      await hardSchema(database, "reference");
      const session = await sessionOf(database.url);
      await expectCopy(database, session, schema, "Copy of it", "reference");
      await expectCopy(database, session, "Copy of it", "plain");
      const [{ bodies } = { bodies: "" }] = await database.query<{ bodies: string }>(
        `SELECT string_agg(prosrc, ' ') AS bodies FROM pg_proc WHERE pronamespace = '"Copy of it"'::regnamespace`,
      );
      const column = '"order" = "a"."text"';
      expect(bodies).toContain(column);
    },
  );

  test("into another database, as text", async () => {
    const [database, other] = [await createDatabase(), await createDatabase()];
    await hardSchema(database, "hard");
    const [from, to] = [await sessionOf(database.url), await sessionOf(other.url)];
    const dump = await dumpStructure(from, "hard");
    const contents = await dumpContent(from, "hard", dump.tables, { maxRows: 1_000 });
    const inserts = (contents ?? []).flatMap(({ table, rows }) => insertsOf(table, rows));
    await load(to, "soft", { ...dump, rows: [...inserts, ...setSequences(dump.sequences)] });
    expect(await structureOf(other, "soft")).toEqual(await structureOf(database, "hard"));
    expect(await rowsOf(to, "soft")).toEqual(await rowsOf(from, "hard"));
    expect(await dumpContent(from, "hard", dump.tables, { maxRows: 3 })).toBeUndefined();
  });

  test("by an ordinary role that owns the schema", async () => {
    const database = await createDatabase();
    const { url, role } = await createRole(database);
    await database.query(`CREATE SCHEMA hard AUTHORIZATION ${role}; SET ROLE ${role}; SET search_path = hard;
      CREATE TYPE mood AS ENUM ('fine'); CREATE TABLE people (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, mood mood DEFAULT 'fine');
      INSERT INTO people DEFAULT VALUES; RESET search_path; RESET ROLE`);
    const session = await sessionOf(url);
    await clone(session, "hard", "soft");
    expect(await database.query(`SELECT id, mood::text FROM soft.people`)).toEqual([
      { id: 1, mood: "fine" },
    ]);
    expect(await structureOf(database, "soft")).toEqual(await structureOf(database, "hard"));
    await database.query(
      `ALTER TABLE hard.people ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
    );
    await expect(clone(session, "hard", "third")).rejects.toThrow(
      'query would be affected by row-level security policy for table "people"',
    );
    await session.query("ROLLBACK");
    await expect(dumpStructure(session, "public")).rejects.toThrow(
      "must be owner of schema public",
    );
    await expect(dumpStructure(session, "nowhere")).rejects.toThrow(
      "schema nowhere does not exist",
    );
  });

  test("objects that cannot be copied are named in a refusal, and the ledger is ignored", async () => {
    const database = await createDatabase();
    await database.query(`CREATE SCHEMA hard; SET search_path = hard;
      CREATE TABLE __fleet_ledger (tag text PRIMARY KEY); CREATE TYPE pair AS (a int, b int);
      CREATE FUNCTION as_text(pair) RETURNS text LANGUAGE sql AS $$ SELECT ($1).a::text $$;
      CREATE CAST (pair AS text) WITH FUNCTION as_text(pair); CREATE OPERATOR FAMILY often USING btree;
      CREATE TABLE t (a int); CREATE TYPE shell; RESET search_path`);
    const session = await sessionOf(database.url);
    const refused = dumpStructure(session, "hard");
    await expect(refused).rejects.toThrow(
      "schema hard cannot be copied because it contains cast (pair AS pg_catalog.text), operator family often USING btree, type shell",
    );
    await database.query(
      `DROP CAST (hard.pair AS text); DROP OPERATOR FAMILY hard.often USING btree; DROP TYPE hard.shell`,
    );
    const { tables } = await dumpStructure(session, "hard");
    expect(tables.map(({ name }) => name)).toEqual(["t"]);
  });

  test("a table that inherits from another schema is refused", async () => {
    const database = await createDatabase();
    await database.query(
      "CREATE SCHEMA hard; CREATE TABLE public.above (a int); CREATE TABLE hard.t () INHERITS (public.above)",
    );
    const session = await sessionOf(database.url);
    await expect(dumpStructure(session, "hard")).rejects.toThrow(
      "cannot be copied because it contains the inheritance of t from another schema",
    );
  });

  test("options that only the server sets are omitted, and unknown options are refused", async () => {
    const database = await createDatabase();
    await database.query(`CREATE SCHEMA hard; SET search_path = hard;
      CREATE TABLE t (a int, b int PRIMARY KEY); CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE VIEW v AS SELECT a FROM t;
      ALTER TABLE t ALTER b SET (n_distinct = 5); RESET search_path`);
    // PostgreSQL 15.20 stores this option with each column.
    await database.query(
      `UPDATE pg_attribute SET attoptions = array_prepend('pg_attver=22549192', attoptions)
       WHERE attrelid IN ('hard.t'::regclass, 'hard.m'::regclass, 'hard.v'::regclass) AND attnum > 0`,
    );
    await database.query(
      `UPDATE pg_class SET reloptions = '{fillfactor=70,pg_relver=1}' WHERE oid IN ('hard.t'::regclass, 'hard.t_pkey'::regclass)`,
    );
    const session = await sessionOf(database.url);
    await database.query(
      "UPDATE pg_class SET reloptions = '{fillfactor=70}' WHERE oid = 'hard.t_pkey'::regclass",
    );
    await clone(session, "hard", "soft");
    expect(
      await database.query(
        `SELECT attrelid::regclass::text || '.' || attname AS of, attoptions AS options FROM pg_attribute
         WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'soft'::regnamespace) AND attoptions::text ~ 'n_distinct'`,
      ),
    ).toMatchObject([{ of: "soft.t.b", options: expect.arrayContaining(["n_distinct=5"]) }]);
    expect(
      await database.query("SELECT reloptions FROM pg_class WHERE oid = 'soft.t'::regclass"),
    ).toEqual([{ reloptions: ["fillfactor=70"] }]);

    for (const [change, named] of [
      [
        "UPDATE pg_attribute SET attoptions = '{odd=1}' WHERE attrelid = 'hard.t'::regclass AND attname = 'a'",
        "the option odd of column t.a",
      ],
      [
        "UPDATE pg_class SET reloptions = '{autovacuum_odd=1}' WHERE oid = 'hard.t'::regclass",
        "the option autovacuum_odd of t",
      ],
      [
        "UPDATE pg_class SET reloptions = '{odd=1}' WHERE oid = 'hard.v'::regclass",
        "the option odd of v",
      ],
      [
        "UPDATE pg_class SET reloptions = '{odd=1}' WHERE oid = 'hard.t_pkey'::regclass",
        "the option odd of t_pkey",
      ],
      [
        "UPDATE pg_attribute SET attstorage = 'z', attcompression = 'q' WHERE attrelid = 'hard.m'::regclass AND attname = 'a'",
        "compression q of column m.a, storage z of column m.a",
      ],
    ] as const) {
      await database.query(change);
      await expect(dumpStructure(session, "hard")).rejects.toThrow(
        `schema hard cannot be copied because it contains ${named}`,
      );
      await database.query(
        `UPDATE pg_attribute SET attoptions = NULL, attstorage = 'p', attcompression = '' WHERE attrelid IN ('hard.t'::regclass, 'hard.m'::regclass) AND attnum > 0;
         UPDATE pg_class SET reloptions = NULL WHERE oid IN ('hard.t'::regclass, 'hard.v'::regclass, 'hard.t_pkey'::regclass)`,
      );
    }
  });

  test("objects that depend on each other in a cycle are refused", async () => {
    const database = await createDatabase();
    await database.query(`CREATE SCHEMA hard; SET search_path = hard; CREATE VIEW v AS SELECT 1 AS x;
      CREATE FUNCTION f(v) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
      CREATE OR REPLACE VIEW v AS SELECT 1 AS x, f(NULL::v) AS y; RESET search_path`);
    const session = await sessionOf(database.url);
    await expect(dumpStructure(session, "hard")).rejects.toThrow("in a cycle cannot be copied");
  });

  test("features of later PostgreSQL versions are copied", async ({ skip }) => {
    const database = await createDatabase();
    const [{ version } = { version: 0 }] = await database.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::int AS version",
    );
    skip(version < 180000, "virtual columns and the like came with PostgreSQL 18");
    await database.query(`CREATE SCHEMA hard; SET search_path = hard;
      CREATE TABLE a (id int PRIMARY KEY, n int, doubled int GENERATED ALWAYS AS (n * 2), CONSTRAINT soft CHECK (n > 5) NOT ENFORCED);
      INSERT INTO a VALUES (1, NULL), (2, 3);
      ALTER TABLE a ADD CONSTRAINT someday NOT NULL n NOT VALID;
      CREATE TABLE b (a_id int CONSTRAINT up REFERENCES a NOT ENFORCED, room int4range, span int4range, PRIMARY KEY (room, span WITHOUT OVERLAPS));
      CREATE TABLE list (id int GENERATED ALWAYS AS IDENTITY, at date NOT NULL, ref int REFERENCES a) PARTITION BY RANGE (at);
      CREATE TABLE list_1 PARTITION OF list FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
      CREATE TABLE early (at date CONSTRAINT mine NOT NULL, id int NOT NULL, ref int CONSTRAINT own_name REFERENCES a);
      ALTER TABLE list ATTACH PARTITION early FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
      CREATE TABLE points (x int) PARTITION BY HASH (x); CREATE TABLE points_0 PARTITION OF points FOR VALUES WITH (MODULUS 1, REMAINDER 0);
      ALTER TABLE points ADD PRIMARY KEY (x); ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES points NOT ENFORCED;
      INSERT INTO list (at) VALUES ('2020-02-02'), ('2021-02-02'); RESET search_path`);
    const session = await sessionOf(database.url);
    await expectCopy(database, session, "hard", awkward);
  });

  test("the number of queries does not depend on the number of tables", async () => {
    const database = await createDatabase();
    await database.query("CREATE SCHEMA few; CREATE TABLE few.t (id serial PRIMARY KEY)");
    await database.query(`CREATE SCHEMA many; DO $$ BEGIN FOR i IN 1..60 LOOP
      EXECUTE format('CREATE TABLE many.t%s (id serial PRIMARY KEY, up int REFERENCES many.t%s)', i, i); END LOOP; END $$`);
    const session = await sessionOf(database.url);
    const queries = vi.spyOn(session, "query");
    const count = async (schema: string) => {
      queries.mockClear();
      await dumpStructure(session, schema);
      return queries.mock.calls.length;
    };
    expect(await count("many")).toBe(await count("few"));
  });

  test("a schema that another session is changing is refused after the lock timeout", async () => {
    const database = await createDatabase();
    await database.query("CREATE SCHEMA hard; CREATE TABLE hard.t (a int)");
    const other = await database.connect();
    await other.query("BEGIN; LOCK TABLE hard.t");
    const session = await sessionOf(database.url);
    await expect(dumpStructure(session, "hard")).rejects.toThrow("lock timeout");
    await other.query("ROLLBACK");
    expect((await dumpStructure(session, "hard")).tables).toHaveLength(1);
  });
});
