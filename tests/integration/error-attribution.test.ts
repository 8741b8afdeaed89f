import { describe, expect, test } from "vitest";
import { status } from "../../src/operations/status.ts";
import { migrateText } from "../../src/report/migrate.ts";
import { createDatabase, createRole } from "../support/database.ts";
import {
  appFleet,
  byTenant,
  contextFor,
  createFolder,
  type Files,
  history,
  migrateAll,
  writeFiles,
} from "../support/fleet.ts";
import { later } from "../support/later.ts";
import { createFleet } from "../support/small-fleet.ts";

const all = { services: [], tenants: [], databases: [] };
const first = { "0000_t": `CREATE TABLE "t" ("id" integer);` };
const second = { ...first, "0001_name": `ALTER TABLE "t" ADD COLUMN "name" text;` };

/** One tenant at the first migration, and files with more migrations. */
async function createPendingFleet(pending: Files) {
  const { database, context } = await createFleet({ migrations: first, pending });
  const failure = async () => (await migrateAll(context)).outcomes[0]?.failure;
  return { database, context, failure };
}

describe("an error of the tool's own statements is not attributed to the migration", () => {
  test("if the schema cannot be created", async () => {
    const { url } = await createRole(await createDatabase(), { mayCreate: false });
    const root = await createFolder(history("drizzle/app", first));
    // The privilege is checked before the first target, so no target fails.
    await expect(migrateAll(contextFor(root, appFleet(url, ["a"])))).rejects.toMatchObject({
      code: "config",
      message: expect.stringMatching(
        /^role role_\w+ has no privilege to create the schema app_a in database /,
      ),
      remedy: expect.stringContaining("GRANT CREATE ON DATABASE"),
    });
  });

  test("if the ledger cannot be written, or has lost its key", async () => {
    const { database, failure } = await createPendingFleet(second);
    await database.query(`ALTER TABLE app_a.__fleet_ledger ADD CHECK (tag <> '0001_name')`);
    const refused = await failure();
    expect(refused?.message).toContain(
      "the migration's entry could not be written into the ledger",
    );
    expect(refused).not.toHaveProperty("file");
    expect(refused?.remedy).toContain("The migration did not cause this error");
    await database.query(`ALTER TABLE app_a.__fleet_ledger DROP CONSTRAINT __fleet_ledger_pkey`);
    expect((await failure())?.remedy).toContain(
      'ALTER TABLE "app_a"."__fleet_ledger" ADD PRIMARY KEY (tag)',
    );
  });

  test("unless it comes from a constraint that the migration deferred", async () => {
    const deferred = `CREATE TABLE "p" ("id" integer PRIMARY KEY);
CREATE TABLE "c" ("p" integer REFERENCES "public"."p" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "c" VALUES (1);`;
    const { failure } = await createPendingFleet({ ...first, "0001_c": deferred });
    expect(await failure()).toMatchObject({
      sqlstate: "23503",
      message: expect.stringMatching(/^insert or update on table "c"/),
      file: expect.stringContaining("0001_c.sql"),
    });
  });
});

test("the functions and triggers that an error came from are reported", async () => {
  const { database, context } = await createPendingFleet(second);
  await database.query(`CREATE FUNCTION public.log_ddl() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO missing VALUES (1); END $$;
    CREATE EVENT TRIGGER log ON ddl_command_end EXECUTE FUNCTION public.log_ddl()`);
  const result = await migrateAll(context);
  const context_ = "PL/pgSQL function public.log_ddl() line 1 at SQL statement";
  expect(result.outcomes[0]?.failure).toMatchObject({ sqlstate: "42P01", context: context_ });
  expect(migrateText(result)).toContain(context_);
});

test.each([
  ["a column", "42701", `ALTER TABLE "t" ADD COLUMN "name" text;`],
  ["a table", "42P07", `CREATE TABLE "t" ();`],
  ["a type", "42710", `CREATE TYPE "mood" AS ENUM ('x');`],
  ["a function", "42723", `CREATE FUNCTION "f"() RETURNS integer LANGUAGE sql RETURN 1;`],
  ["an index that is built alone", "42P07", `CREATE INDEX CONCURRENTLY "i" ON "t" ("id");`],
])("the command that records an existing object is named: %s", async (_, sqlstate, sql) => {
  const { database, failure } = await createPendingFleet({ ...first, "0001_next": sql });
  await database.query(`ALTER TABLE app_a.t ADD COLUMN name text; CREATE TYPE app_a.mood AS ENUM ();
    CREATE FUNCTION app_a.f() RETURNS integer LANGUAGE sql RETURN 1; CREATE INDEX i ON app_a.t (id)`);
  expect(await failure()).toMatchObject({
    sqlstate,
    file: expect.stringContaining("0001_next.sql"),
    remedy: expect.stringContaining("drizzle-fleet stamp 0001_next --service app --tenant a"),
  });
});

const serial = { ...first, "0001_s": `ALTER TABLE "t" ADD COLUMN "s" serial;` };
const made = (what: string, tag: string, line = 1) =>
  `${what}; created by ${tag} (${tag}.sql:${line})`;
const byHand = "; no earlier migration names it: it was created by hand or by another program";

test.each([
  [
    "the sequence of a serial column",
    serial,
    `ALTER TABLE "t" ADD COLUMN "n" integer GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "t_s_seq");`,
    "",
    made('sequence "t_s_seq" of column "s" of table "t"', "0001_s"),
    /An earlier migration created the object, so correct this migration/,
  ],
  [
    "the index of a key",
    { ...first, "0001_u": `CREATE TABLE "u" (\n  "id" integer PRIMARY KEY\n);` },
    `CREATE INDEX "u_pkey" ON "t" ("id");`,
    "",
    made('index "u_pkey" of a constraint of table "u"', "0001_u"),
    /An earlier migration created the object/,
  ],
  [
    "a table's row type",
    first,
    `CREATE TYPE "t" AS ENUM ('x');`,
    "",
    made('type "t" of table "t"', "0000_t"),
    /An earlier migration created the object/,
  ],
  [
    "a column of a table's definition",
    { ...first, "0001_u": `CREATE TABLE "u" (\n  "id" integer,\n  "name" text\n);` },
    `ALTER TABLE "u" ADD COLUMN "name" text;`,
    "",
    made('column "name" of table "u"', "0001_u", 3),
    /An earlier migration created the object/,
  ],
  [
    "a table by hand",
    first,
    `CREATE TABLE "mine" ();\nCREATE TABLE "missing" ();\nALTER TABLE "t" ADD COLUMN "n" text;`,
    `CREATE TABLE app_a.mine (); ALTER TABLE app_a.t ADD COLUMN n text`,
    `table "mine"${byHand}`,
    /Only 2 of the 3 objects that this migration creates exist, so it cannot be recorded as applied/,
  ],
  [
    "all that it makes",
    first,
    `CREATE TABLE "mine" ();\nCREATE TYPE "mood" AS ENUM ('x');`,
    `CREATE TABLE app_a.mine (); CREATE TYPE app_a.mood AS ENUM ('x')`,
    `table "mine"${byHand}`,
    /record it without running it. To do so, run: npx drizzle-fleet stamp 0002_next --service app --tenant a/,
  ],
  [
    "what drizzle-orm's migrator made",
    first,
    `CREATE VIEW "seen" AS SELECT 1 AS one;`,
    `CREATE VIEW app_a.seen AS SELECT 1 AS one; CREATE TABLE app_a.__drizzle_migrations ()`,
    `view "seen"${byHand}`,
    /drizzle-fleet stamp --from-drizzle --service app --tenant a/,
  ],
  [
    "a constraint",
    { ...first, "0001_c": `ALTER TABLE "t" ADD CONSTRAINT "positive" CHECK ("id" > 0);` },
    `ALTER TABLE "t" ADD CONSTRAINT "positive" CHECK ("id" > 1);`,
    "",
    made('constraint "positive" of table "t"', "0001_c"),
    /An earlier migration created the object/,
  ],
  [
    "a policy by hand",
    first,
    `CREATE POLICY "own" ON "t";`,
    `CREATE POLICY own ON app_a.t`,
    `policy "own" of table "t"${byHand}`,
    /rename or drop it/,
  ],
  [
    "a trigger by hand",
    first,
    `CREATE FUNCTION "g"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;\nCREATE TRIGGER "watch" BEFORE INSERT ON "t" FOR EACH ROW EXECUTE FUNCTION "public"."g"();`,
    `CREATE TRIGGER watch BEFORE INSERT ON app_a.t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    `trigger "watch" of table "t"${byHand}`,
    /Only 0 of the 1 objects that this migration creates exist/,
  ],
] as const)(
  "an existing object and its creator are named: %s",
  async (_, before, sql, byPeople, what, next) => {
    const { database, failure } = await createPendingFleet({ ...before, "0002_next": sql });
    if (byPeople !== "") await database.query(byPeople);
    const { existing, remedy } = (await failure()) ?? {};
    const told = existing?.replace(/, owned by role \w+/, "").replace(/\([^)]*\/([^/]+)\)/, "($1)");
    expect(told).toBe(what);
    expect(remedy).toMatch(next);
  },
);

test("if an earlier line of the file names the object, the remedy names that line", async () => {
  const sql = `CREATE INDEX "twice" ON "t" ("id");\nCREATE TABLE "twice" ();`;
  const { failure } = await createPendingFleet({ ...first, "0002_next": sql });
  expect(await failure()).toMatchObject({
    sqlstate: "42P07",
    remedy: expect.stringMatching(
      /Line 1 of the same file also names "twice"\. If that line creates it/,
    ),
  });
});

test("tenants with different existing objects are told apart, and one command covers each kind", async () => {
  const database = await createDatabase();
  const root = await createFolder(history("drizzle/app", first));
  const context = contextFor(root, appFleet(database.url, ["a", "b", "c"]));
  await migrateAll(context);
  await writeFiles(root, history("drizzle/app", { ...first, "0001_x": `CREATE TABLE "x" ();` }));
  await database.query(
    `CREATE TABLE app_a.x (); CREATE TABLE app_b.x (); CREATE VIEW app_c.x AS SELECT 1`,
  );
  const text = migrateText(await migrateAll(context));
  expect(text).toContain("2 targets: app/a, app/b");
  expect(text).toMatch(/existing object: table "x", owned by role \w+; no earlier migration/);
  expect(text).toContain("npx drizzle-fleet stamp 0001_x --service app --tenant a --tenant b");
  expect(text).toMatch(
    /app\/c {2}schema app_c[\s\S]*existing object: view "x", owned[\s\S]*Only 0 of the 1/,
  );
});

test.each([
  [
    "23502",
    `INSERT INTO "t" VALUES (1);\nALTER TABLE "t" ADD COLUMN "n" text NOT NULL;`,
    "needs a default",
  ],
  ["42601", `INSERT INTO "t" VALUES (1, 2);`, "or one that it runs, is wrong"],
  ["57014", `DO $$ BEGIN RAISE SQLSTATE '57014'; END $$;`, "If a person or program cancelled it"],
])("a remedy names every cause that %s has: %s", async (sqlstate, sql, part) => {
  const { failure } = await createPendingFleet({ ...first, "0001_next": sql });
  expect(await failure()).toMatchObject({ sqlstate, remedy: expect.stringContaining(part) });
});

test("a procedure that commits cannot be called, and the error names the alternative", async () => {
  const { failure } = await createPendingFleet({
    ...first,
    "0001_backfill": `CREATE PROCEDURE backfill() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;\nCALL backfill();`,
  });
  expect(await failure()).toMatchObject({
    sqlstate: "2D000",
    line: 2,
    remedy: expect.stringContaining("Write the steps of the procedure as sections of the file"),
  });
});

describe("a damaged ledger", () => {
  test("is a problem if it is empty in a schema with tables: nothing runs again", async () => {
    const { database, context } = await createPendingFleet(second);
    await database.query(`TRUNCATE app_a.__fleet_ledger`);
    expect(await status(context, all)).toMatchObject([{ problems: [{ kind: "unmanaged" }] }]);
    const result = await migrateAll(context);
    expect(result.outcomes[0]?.failure).toMatchObject({
      message: expect.stringContaining('the ledger of schema "app_a" is empty, but'),
      remedy: expect.stringContaining("drizzle-fleet stamp <tag> --service app --tenant a"),
    });
  });

  test("is no problem if it is empty in an empty schema", async () => {
    const { database, context } = await createPendingFleet(second);
    await database.query(`TRUNCATE app_a.__fleet_ledger; DROP TABLE app_a.t`);
    expect(byTenant(await migrateAll(context))).toEqual({ a: "succeeded 0000_t,0001_name" });
  });

  test("with a duplicate row is named by status, and the target fails at once", async () => {
    const { database, context } = await createPendingFleet(second);
    await database.query(`ALTER TABLE app_a.__fleet_ledger DROP CONSTRAINT __fleet_ledger_pkey;
      INSERT INTO app_a.__fleet_ledger SELECT * FROM app_a.__fleet_ledger`);
    expect(await status(context, all)).toMatchObject([
      { problems: [{ kind: "unsound", tag: "0000_t" }] },
    ]);
    const result = await migrateAll(context);
    expect(byTenant(result)).toEqual({ a: "failed" });
    expect(result.events.filter(({ type }) => type === "targetRetried")).toEqual([]);
  });

  test("whose rows lack a value fails after at most one retry", async () => {
    const { database, context } = await createPendingFleet(second);
    await database.query(`ALTER TABLE app_a.__fleet_ledger ALTER checksum DROP NOT NULL;
      INSERT INTO app_a.__fleet_ledger SELECT '0000_s', NULL, 1, 1, '', false, now(), 0, 'test'`);
    await writeFiles(
      context.config.root,
      history("drizzle/app", { "0000_s": "SELECT 1;", ...second }),
    );
    const result = await migrateAll(context);
    expect(byTenant(result)).toEqual({ a: "failed" });
    expect(result.events.filter(({ type }) => type === "targetRetried").length).toBeLessThan(2);
  });
});

test("a transaction_timeout of the role does not end migrations or statements that run alone", async () => {
  const migrations = {
    ...first,
    "0001_slow": `SELECT pg_sleep(1);`,
    "0002_alone": `CREATE INDEX CONCURRENTLY "i" ON "t" ("id");`,
  };
  const { database, context } = await createPendingFleet(migrations);
  const blocker = await database.connect();
  const [row] = await database.query<{ name: string; version: number }>(
    `SELECT current_database() AS name, current_setting('server_version_num')::integer AS version`,
  );
  // Older servers do not have this setting.
  if ((row?.version ?? 0) >= 170_000)
    await database.query(`ALTER DATABASE ${row?.name} SET transaction_timeout = '300ms'`);
  await blocker.query(`BEGIN; INSERT INTO app_a.t VALUES (1)`);
  const result = await migrateAll(context, {}, (event) => {
    // The build waits for this transaction.
    if (event.type === "stepApplied") later(1_000, () => blocker.query("COMMIT"));
  });
  expect(byTenant(result)).toEqual({ a: "succeeded 0001_slow,0002_alone" });
});
