import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Session } from "../../src/postgres/session.ts";
import { type Filled, type FillOptions, fillTables } from "../../src/proof/rows.ts";
import { createDatabase, createRole, type TestDatabase } from "../support/database.ts";
import { appFleet, contextFor, migrateAll } from "../support/fleet.ts";
import { repository } from "../support/repository.ts";
import { rowsOf } from "../support/schema-copy.ts";

interface Place {
  readonly database: TestDatabase;
  readonly session: Session;
  readonly fill: (options?: Partial<FillOptions>) => Promise<Filled>;
}

/** A schema with tables, owned by an ordinary role. */
async function createTables(sql: string): Promise<Place> {
  const database = await createDatabase();
  const { url } = await createRole(database);
  const session = await Session.connect({ name: "main", url }, { waitMs: 5_000 });
  onTestFinished(() => session.close());
  await session.query("CREATE SCHEMA app");
  await session.query("SET search_path = app");
  await session.query(sql);
  await session.query("RESET search_path");
  const fill: Place["fill"] = (options) =>
    fillTables(session, "app", { rows: 3, nulls: true, ...options });
  return { database, session, fill };
}

/** The number of rows of each table, or why it refused some. */
function summary({ tables }: Filled): Record<string, number | string> {
  return Object.fromEntries(
    [...tables].map(([name, { rows, refused }]) => [name, refused ?? rows]),
  );
}

test("columns of every built-in type get values, and NULL if allowed", async () => {
  const { database, fill } = await createTables("CREATE TABLE every (id integer PRIMARY KEY)");
  const types = await database.query<{ type: string }>(
    `SELECT format_type(oid, NULL) AS type FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
     AND typname NOT IN ('pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list', 'pg_brin_bloom_summary',
       'pg_brin_minmax_multi_summary', 'aclitem', 'gtsvector', 'int2vector', 'oidvector', 'refcursor', 'txid_snapshot',
       'regoper', 'regoperator', 'regrole', 'regcollation', 'regdictionary', 'regdatabase')
     AND (typcategory <> 'A' OR typelem IN (SELECT oid FROM pg_type WHERE typname IN ('int4', 'text', 'numeric', 'jsonb', 'int4range')))`,
  );
  expect(types.length).toBeGreaterThan(60);
  const exact = [
    "numeric(4, 2)",
    "numeric(2, 2)",
    "numeric(3, -2)",
    "varchar(2)",
    "char(1)",
    "char(8)",
  ];
  exact.push(
    "bit(5)",
    "varbit(3)",
    "timestamp(0)",
    "interval day to second",
    "varchar(2)[]",
    "time(3)",
  );
  const all = [...types.map(({ type }) => type), ...exact];
  for (const [index, type] of all.entries())
    await database.query(`ALTER TABLE app.every ADD COLUMN c${index} ${type}`);
  expect(summary(await fill())).toEqual({ every: 4 });
  const filled = all.map((_, index) => `count(c${index})::text`).join(", ");
  const [counts] = await database.query(`SELECT ARRAY[${filled}] AS values FROM app.every`);
  const without = all.filter((_, index) => counts?.values[index] !== "3");
  expect(without).toEqual([]);
});

test("columns of enums, domains, composites and ranges get values", async () => {
  const { session, fill } = await createTables(
    `
    CREATE TYPE mood AS ENUM ('it''s fine', 'bad', 'in-between');
    CREATE DOMAIN email AS text CHECK (VALUE ~ '^[^@]+@[^@]+$' AND VALUE <> 'VALUE') NOT NULL;
    CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 50 AND 100);
    CREATE TYPE place AS (street varchar(5), mood mood);
    CREATE TYPE floats AS RANGE (subtype = float8, multirange_type_name = multifloats);
    CREATE TABLE t (id integer PRIMARY KEY, mood mood, moods mood[] NOT NULL, email email, percent percent, place place, places place[],
      span floats, spans multifloats, "odd ""name"" of a column" mood DEFAULT 'bad');`,
  );
  expect(summary(await fill())).toEqual({ t: 5 });
  const rows = await session.query(
    `SELECT mood::text, moods::text, email, percent, place::text, span::text, "odd ""name"" of a column"::text AS odd FROM app.t WHERE id < 5 ORDER BY id`,
  );
  expect(rows).toEqual([
    {
      mood: "it's fine",
      moods: `{"it's fine",bad}`,
      email: "row-301@example.com",
      percent: 55,
      place: `(row-1,"it's fine")`,
      span: "[10.5,15.5)",
      odd: "it's fine",
    },
    {
      mood: "bad",
      moods: "{bad,in-between}",
      email: "row-302@example.com",
      percent: 56,
      place: "(row-2,bad)",
      span: "[20.5,25.5)",
      odd: "bad",
    },
    {
      email: "row-303@example.com",
      mood: "in-between",
      moods: `{in-between,"it's fine"}`,
      odd: "in-between",
      percent: 57,
      place: "(row-3,in-between)",
      span: "[30.5,35.5)",
    },
    {
      email: "row-304@example.com",
      mood: null,
      moods: `{"it's fine",bad}`,
      odd: null,
      percent: null,
      place: null,
      span: null,
    },
  ]);
});

test("foreign keys refer to rows: of other tables, of their own table, in circles", async () => {
  const { session, fill } = await createTables(`
    CREATE TABLE z_owners (id serial PRIMARY KEY, name text UNIQUE NOT NULL);
    CREATE TABLE accounts (owner integer NOT NULL REFERENCES z_owners, number bigint GENERATED ALWAYS AS IDENTITY,
      parent bigint, UNIQUE (number), PRIMARY KEY (owner, number));
    CREATE TABLE entries (owner integer NOT NULL REFERENCES z_owners, account bigint NOT NULL, name text UNIQUE REFERENCES z_owners (name),
      FOREIGN KEY (owner, account) REFERENCES accounts (owner, number), PRIMARY KEY (owner, account));
    CREATE TABLE nodes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), parent uuid REFERENCES nodes CHECK (parent <> id),
      root uuid NOT NULL REFERENCES nodes);
    CREATE TABLE hens (id integer PRIMARY KEY, egg integer);
    CREATE TABLE eggs (id integer PRIMARY KEY, hen integer NOT NULL REFERENCES hens);
    ALTER TABLE hens ADD FOREIGN KEY (egg) REFERENCES eggs;
    CREATE TABLE one (id text PRIMARY KEY, other text NOT NULL);
    CREATE TABLE other (id text PRIMARY KEY, one text NOT NULL REFERENCES one DEFERRABLE);
    ALTER TABLE one ADD FOREIGN KEY (other) REFERENCES other DEFERRABLE INITIALLY DEFERRED;`);
  const all = {
    z_owners: 4,
    accounts: 4,
    entries: 3,
    nodes: expect.any(Number),
    hens: 4,
    eggs: 4,
    one: 4,
    other: 4,
  };
  expect(summary(await fill())).toEqual(all);
  const query = (sql: string) =>
    session.query(`SELECT ${sql} AS value`).then(([row]) => row?.value);
  expect(await query("(SELECT bool_or(parent <> id) FROM app.nodes)")).toBe(true);
  expect(await query("(SELECT count(egg)::int FROM app.hens)")).toBe(1);
  expect(await query("(SELECT array_agg(DISTINCT name ORDER BY name) FROM app.entries)")).toEqual([
    "row-101",
    "row-102",
    null,
  ]);
  // Numbers come from their sequences: the next one is free.
  expect(await query("nextval('app.z_owners_id_seq')::int")).toBe(5);
  expect(await query("nextval('app.accounts_number_seq')::int")).toBe(5);
});

test("checks are satisfied if their constants show how, with one column or several", async () => {
  const { session, fill } = await createTables(`
    CREATE TABLE t (id integer PRIMARY KEY CHECK (id >= 1000), status text NOT NULL CHECK (status IN ('open', 'shut')),
      slug varchar(40) NOT NULL CHECK (slug ~ '^[a-z]+$'), price numeric(6, 2) CHECK (price > 99.5), code char(2) CHECK (code = upper(code)),
      starts timestamptz NOT NULL, ends timestamptz NOT NULL, CHECK (starts < ends),
      "user" integer, team text, CHECK (num_nonnulls("user", team) = 1),
      shut_at date, CHECK ((status = 'shut') = (shut_at IS NOT NULL)));`);
  const { rows, refused } = (await fill()).tables.get("t") ?? {};
  expect(refused).toBeUndefined();
  expect(rows).toBeGreaterThanOrEqual(2);
  const [kinds] = await session.query(
    `SELECT array_agg(DISTINCT status ORDER BY status) AS status, bool_or("user" IS NULL) AND bool_or(team IS NULL) AS either FROM app.t`,
  );
  expect(kinds).toEqual({ status: ["open", "shut"], either: true });
});

test("a table that refuses rows stays empty and reports why; the others get rows", async () => {
  const { session, fill } = await createTables(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not here'; END $$;
    CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (NEW.id); RETURN NEW; END $$;
    CREATE TABLE log (id integer);
    CREATE TABLE good (id integer PRIMARY KEY);
    CREATE TRIGGER counted AFTER INSERT ON good FOR EACH ROW EXECUTE FUNCTION count_rows();
    CREATE TABLE bad (id integer PRIMARY KEY);
    CREATE TRIGGER refused BEFORE INSERT ON bad FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE TABLE worse (id integer PRIMARY KEY, bad integer NOT NULL REFERENCES bad);
    CREATE TABLE only_null (id integer CHECK (id IS NULL));
    CREATE TABLE hidden (id integer);
    ALTER TABLE hidden ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE TABLE booked (id integer PRIMARY KEY, during tsrange, EXCLUDE USING gist (during WITH &&));
    CREATE TABLE silent (id integer);
    CREATE RULE silent AS ON INSERT TO silent DO INSTEAD NOTHING;
    CREATE TABLE nothing ();`);
  expect(summary(await fill())).toEqual({
    bad: "not here",
    booked: 4,
    good: 4,
    hidden: 'new row violates row-level security policy for table "hidden"',
    log: 8,
    nothing: 1,
    only_null: 4,
    silent: "its checks or keys do not allow another row",
    worse: expect.stringContaining('null value in column "bad"'),
  });
  expect(await session.query("SHOW search_path")).toEqual([{ search_path: '"$user", public' }]);
});

test("partitioned tables get rows that their partitions accept; other schemas are only read", async () => {
  const { session, database, fill } = await createTables(`
    CREATE TABLE months (id integer, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE jan PARTITION OF months FOR VALUES FROM ('2031-01-01') TO ('2031-02-01');
    CREATE TABLE kinds (id integer, kind text) PARTITION BY LIST (kind);
    CREATE TABLE two PARTITION OF kinds FOR VALUES IN ('a b', 'c');
    CREATE TABLE hashed (id integer PRIMARY KEY) PARTITION BY HASH (id);
    CREATE TABLE half PARTITION OF hashed FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child (more text) INHERITS (parent);`);
  await session.query("CREATE SCHEMA auth");
  await session.query("CREATE TABLE auth.users (id uuid PRIMARY KEY)");
  await session.query(
    "CREATE TABLE app.profiles (id integer PRIMARY KEY, person uuid NOT NULL REFERENCES auth.users)",
  );
  expect(summary(await fill())).toEqual({
    months: 4,
    kinds: 4,
    hashed: 4,
    // A parent's rows include those of its child table.
    parent: 8,
    child: 4,
    profiles: expect.stringContaining("null value"),
  });
  await session.query("INSERT INTO auth.users VALUES ('00000000-0000-4000-8000-00000000abcd')");
  expect(summary(await fill())).toMatchObject({ profiles: 4 });
  expect(await database.query("SELECT * FROM auth.users")).toHaveLength(1);
});

test("a table with rows gets only what is missing, once, and more after a change", async () => {
  const { session, fill } = await createTables(`
    CREATE TYPE mood AS ENUM ('good');
    CREATE TABLE seeded (id integer PRIMARY KEY, name text NOT NULL);
    INSERT INTO seeded VALUES (1, 'one'), (2, 'two');
    CREATE TABLE flags (id serial PRIMARY KEY, flag text, mood mood);`);
  let before = await fill();
  expect(summary(before)).toEqual({ flags: 4, seeded: 2 });
  const all = await rowsOf(session, "app");
  expect(summary(await fill())).toEqual({ flags: 4, seeded: 2 });
  before = await fill({ before });
  expect(await rowsOf(session, "app")).toEqual(all);
  await session.query("ALTER TABLE app.seeded ALTER COLUMN name DROP NOT NULL");
  before = await fill({ before });
  expect(summary(before)).toEqual({ flags: 4, seeded: 6 });
  expect(await session.query("SELECT count(*)::int FROM app.seeded WHERE name IS NULL")).toEqual([
    { count: 1 },
  ]);
  await session.query("ALTER TYPE app.mood ADD VALUE 'new'");
  before = await fill({ before });
  expect(await session.query("SELECT DISTINCT mood::text FROM app.flags ORDER BY 1")).toEqual([
    { mood: "good" },
    { mood: "new" },
    { mood: null },
  ]);
  await session.query("TRUNCATE app.flags");
  before = await fill({ before });
  expect(summary(before)).toEqual({ flags: 4, seeded: 6 });
});

test("rows that are inserted in a transaction are rolled back with it", async () => {
  const { session, fill } = await createTables("CREATE TABLE t (id integer PRIMARY KEY)");
  await session.query("BEGIN");
  expect(summary(await fill({ rows: 2, nulls: false }))).toEqual({ t: 3 });
  await session.query("ROLLBACK");
  expect(await session.query("SELECT * FROM app.t")).toEqual([]);
  expect(await session.query("SHOW search_path")).toEqual([{ search_path: '"$user", public' }]);
});

/** Tables of all kinds, written for copies of tenants. */
test("tables of all kinds get rows", async () => {
  const folder = join(repository, "tests/kinds");
  const { session, fill } = await createTables("SELECT");
  const [{ version } = { version: 0 }] = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS version",
  );
  await session.query("SET search_path = app");
  for (const file of (await readdir(folder)).sort()) {
    const sql = await readFile(join(folder, file), "utf8");
    const since = Number(/^-- since PostgreSQL (\d+)/.exec(sql)?.[1] ?? 0);
    if (since <= version) await session.query(sql.replaceAll(/^INSERT .*$/gm, ""));
  }
  await session.query("RESET search_path");
  const { tables } = await fill();
  const empty = [...tables]
    .filter(([, { rows }]) => rows === 0)
    .map(([name, { refused }]) => [name, refused]);
  expect(empty).toEqual([]);
});

const histories: readonly (readonly [folder: string, acceptUnproved: readonly string[]])[] = [
  ["drizzle/auth", []],
  ["drizzle/workflow", []],
  ["drizzle/ingestion", []],
  ["tests/histories/chat-platform", ["0035_dynamic_maintenance"]],
  ["tests/histories/booking-suite", ["0036_watchlist_nested", "0042_lock_and_truncate"]],
  ["tests/histories/deploy-panel", ["0036_generic_audit"]],
];

test.each(histories)("the tables that %s creates get rows", async (out, acceptUnproved) => {
  const database = await createDatabase();
  const app = {
    ...{
      schema: "./none",
      out: join(repository, out),
      database: "main",
      acceptUnproved: [...acceptUnproved],
    },
    tenantSchema: "app_{tenant}",
  };
  const context = contextFor(repository, appFleet(database.url, ["a"], { services: { app } }));
  await migrateAll(context);
  const session = await Session.connect({ name: "main", url: database.url }, { waitMs: 5_000 });
  onTestFinished(() => session.close());
  const { tables } = await fillTables(session, "app_a", { rows: 3, nulls: true });
  const without = [...tables]
    .filter(([, { rows }]) => rows === 0)
    .map(([name, { refused }]) => `${name}: ${refused}`);
  expect(without).toEqual([]);
});
