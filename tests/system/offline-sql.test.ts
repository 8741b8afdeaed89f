import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { quoteIdentifier } from "../../src/core/quoting.ts";
import { catalogOf, sequencePositions } from "../support/catalog.ts";
import { ended, runCli } from "../support/cli.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { createFolder, writeFiles } from "../support/fleet.ts";
import { markBegun } from "../support/ledger.ts";
import { at, migrated, people, projectFor } from "../support/offline-project.ts";
import { runPsql, scriptFile, startPsql } from "../support/psql.ts";
import { repository } from "../support/repository.ts";

/** The entries of a ledger, except when and by whom they were applied. */
function ledgerOf(database: TestDatabase, schema: string) {
  return database.query(
    `SELECT tag, checksum, statements, applied, applied_checksum, begun FROM ${quoteIdentifier(schema)}.__fleet_ledger ORDER BY tag`,
  );
}

/** All columns of a ledger. */
function wholeLedger(database: TestDatabase, schema: string) {
  return database.query(
    `SELECT * FROM ${quoteIdentifier(schema)}.__fleet_ledger ORDER BY applied_at, tag`,
  );
}

async function expectAlike(
  one: TestDatabase,
  other: TestDatabase,
  schemas: readonly string[],
): Promise<void> {
  for (const schema of schemas) {
    expect(await catalogOf(one, schema), schema).toEqual(await catalogOf(other, schema));
    expect(await ledgerOf(one, schema), schema).toEqual(await ledgerOf(other, schema));
    expect(await sequencePositions(one, schema), schema).toEqual(
      await sequencePositions(other, schema),
    );
  }
}

/** Writes a script with the command line; without `database`, none is configured. */
async function scriptOf(project: string, args: readonly string[], database?: TestDatabase) {
  const result = await runCli(project, args, at(database));
  expect(result).toMatchObject({ code: 0 });
  return scriptFile(result.stdout);
}

const base = ["migrate", "--sql", "--from", "base"];

const withIndex = {
  ...people,
  "0001_index": `ALTER TABLE "people" ADD COLUMN "note" text;
--> statement-breakpoint
CREATE INDEX CONCURRENTLY "people_name" ON "people" ("name");
--> statement-breakpoint
ALTER TABLE "people" ADD COLUMN "last" text;`,
};

describe("the example platform", () => {
  const services = { auth: "platform", workflow: "platform", ingestion: "ingestion" };
  const tenants = ["default", "toshiba", "iopex"];
  const schemas = ["auth", "workflow"].flatMap((name) => tenants.map((id) => `${name}_${id}`));

  test("can be migrated and downgraded by a folder of scripts, exactly once", async () => {
    const folder = join(await createFolder(), "scripts");
    const written = await runCli(repository, ["migrate", "--sql", folder, "--from", "base"]);
    expect(written).toMatchObject({ code: 0, stdout: "" });
    const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
    expect(files.sort()).toEqual(
      [
        "ingestion/ingestion/public.sql",
        ...schemas.map((schema) => `platform/${schema.split("_")[0]}/${schema}.sql`),
      ].sort(),
    );
    const [platform, ingestion] = [await createDatabase(), await createDatabase()];
    const [platformByTool, ingestionByTool] = [await createDatabase(), await createDatabase()];
    const byTool = { DATABASE_URI: platformByTool.url, DATABASE_URL: ingestionByTool.url };
    expect(await runCli(repository, ["migrate"], byTool)).toMatchObject({ code: 0 });

    const runAll = async (from: string) => {
      for (const file of files) {
        const database = file.startsWith("platform/") ? platform : ingestion;
        expect(await runPsql(database, join(from, file)), file).toMatchObject({ code: 0 });
      }
    };
    const allAlike = async () => {
      await expectAlike(platform, platformByTool, schemas);
      await expectAlike(ingestion, ingestionByTool, ["public"]);
    };
    await runAll(folder);
    expect((await catalogOf(platform, "auth_iopex")).length).toBeGreaterThan(200);
    await allAlike();

    const before = await wholeLedger(platform, "auth_default");
    await runAll(folder);
    await allAlike();
    expect(await wholeLedger(platform, "auth_default")).toEqual(before);
    const byScript = { DATABASE_URI: platform.url, DATABASE_URL: ingestion.url };
    expect((await runCli(repository, ["status"], byScript)).code).toBe(0);

    const back = join(folder, "back");
    for (const service of Object.keys(services)) {
      const all = ["downgrade", "base", "--allow-data-loss", "--service", service];
      expect(await runCli(repository, all, byTool)).toMatchObject({ code: 0 });
      const sql = [...all, "--sql", back];
      expect(await runCli(repository, sql, byScript)).toMatchObject({ code: 0, stdout: "" });
    }
    await runAll(back);
    expect(await catalogOf(platform, "auth_iopex")).toEqual(
      await catalogOf(platformByTool, "auth_iopex"),
    );
    await allAlike();
    await runAll(back);
    await allAlike();
  });

  test("can be migrated by one script per database, from a given migration", async () => {
    const refused = await runCli(repository, base);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("--database (platform, ingestion)");
    const one = [...base, "--database", "platform"];
    const tag = "0008_updated_at_and_audit_log_triggers";
    const auth = ["--service", "auth"];
    const [byTool, byScript] = [await createDatabase(), await createDatabase()];
    const first = await scriptOf(repository, [...one, ...auth, "--to", tag]);
    const rest = await scriptOf(repository, ["migrate", "--sql", ...auth, "--from", tag]);
    expect(await runPsql(byScript, first)).toMatchObject({ code: 0 });
    expect(await runPsql(byScript, rest)).toMatchObject({ code: 0 });
    expect(await runCli(repository, ["migrate", ...auth], at(byTool))).toMatchObject({ code: 0 });
    await expectAlike(
      byScript,
      byTool,
      tenants.map((id) => `auth_${id}`),
    );
  });
});

test("psql completes the script of the example platform even if it is killed repeatedly", async () => {
  const services = ["--service", "auth", "--service", "workflow"];
  const file = await scriptOf(repository, [...base, ...services]);
  const [byScript, byTool] = [await createDatabase(), await createDatabase()];
  let kills = 0;
  for (let patience = 60; ; patience += 40) {
    const psql = startPsql(byScript, file);
    const timer = setTimeout(() => psql.kill("SIGKILL"), patience);
    const { code, stderr } = await ended(psql);
    clearTimeout(timer);
    if (code === 0) break;
    kills += psql.signalCode === "SIGKILL" ? 1 : 0;
    // The server may not have noticed yet that the previous psql was killed.
    if (psql.signalCode === null)
      expect(stderr).toMatch(/another runner is working|the ledger has changed/);
  }
  expect(kills).toBeGreaterThan(2);
  expect(await runCli(repository, ["migrate", ...services], at(byTool))).toMatchObject({ code: 0 });
  const tenants = ["default", "toshiba", "iopex"];
  const schemas = ["auth", "workflow"].flatMap((name) => tenants.map((id) => `${name}_${id}`));
  for (const schema of schemas) {
    expect(await catalogOf(byScript, schema), schema).toEqual(await catalogOf(byTool, schema));
    expect(await ledgerOf(byScript, schema)).toEqual(await ledgerOf(byTool, schema));
  }
});

describe("an interruption", () => {
  const held = {
    ...people,
    "0001_column": `ALTER TABLE "people" ADD COLUMN "one" text;`,
    "0002_columns": `ALTER TABLE "people" ADD COLUMN "two" text;\n--> statement-breakpoint\nCOMMIT;\n--> statement-breakpoint\nALTER TABLE "people" ADD COLUMN "three" text;`,
  };
  const args = [...base, "--lock-timeout", "5m"];

  const waiting = (database: TestDatabase, event: string) =>
    database.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'psql' AND wait_event = $1`,
      [event],
    );
  const gone = async (database: TestDatabase) =>
    expect
      .poll(
        async () =>
          await database.query(
            `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'psql'`,
          ),
        { timeout: 20_000 },
      )
      .toEqual([]);

  test.each(["psql", "migrate"])(
    "of psql in the middle of a transaction is resumed by %s",
    async (program) => {
      const project = await projectFor(held, ["a", "b"]);
      const file = await scriptOf(project, args);
      const database = await createDatabase();
      const first = await scriptOf(project, [...base, "--to", "0000_people"]);
      expect(await runPsql(database, first)).toMatchObject({ code: 0 });
      const other = await database.connect();
      await other.query("BEGIN; LOCK TABLE app_b.people IN ACCESS SHARE MODE");
      const psql = startPsql(database, file);
      await expect.poll(() => waiting(database, "relation"), { timeout: 20_000 }).toHaveLength(1);
      psql.kill("SIGKILL");
      await other.query("COMMIT");
      await gone(database);
      expect(await ledgerOf(database, "app_a")).toHaveLength(3);
      expect(await ledgerOf(database, "app_b")).toHaveLength(1);
      if (program === "psql") expect(await runPsql(database, file)).toMatchObject({ code: 0 });
      else expect(await runCli(project, ["migrate"], at(database))).toMatchObject({ code: 0 });
      await expectAlike(database, await migrated(project), ["app_a", "app_b"]);
    },
  );

  test("between two transactions of one file is resumed after the first", async () => {
    const two = `ALTER TABLE "people" ADD COLUMN "one" text;\n--> statement-breakpoint\nCOMMIT;\n--> statement-breakpoint\nALTER TABLE "people" ADD CONSTRAINT "short" CHECK (length("name") < 4);`;
    const project = await projectFor({ ...people, "0001_two": two }, ["0", "a"]);
    const file = await scriptOf(project, [...base, "--tenant", "a"]);
    const database = await createDatabase();
    const first = await scriptOf(project, [...base, "--to", "0000_people"]);
    expect(await runPsql(database, first)).toMatchObject({ code: 0 });
    await database.query(`INSERT INTO app_a.people (id, name) VALUES (99, 'much longer')`);
    const failed = await runPsql(database, file);
    expect(failed.code).toBe(3);
    expect(failed.stderr).toMatch(/app\/a 0001_two[\s\S]*check constraint "short"/);
    expect((await ledgerOf(database, "app_a"))[1]).toMatchObject({ applied: 1 });
    await writeFiles(project, { "drizzle/app/0001_two.sql": two.replace("one", "other") });
    const refused = await runCli(project, ["migrate", "--sql"], at(database));
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("the first statement of 0001_two was edited");
    await writeFiles(project, { "drizzle/app/0001_two.sql": two });
    await database.query(`DELETE FROM app_a.people WHERE id = 99`);
    expect(await runPsql(database, file)).toMatchObject({ code: 0 });
    await expectAlike(database, await migrated(project), ["app_a"]);
  });

  test.each(["psql", "migrate"])(
    "that leaves an invalid index is resumed by %s",
    async (program) => {
      const project = await projectFor(withIndex);
      const file = await scriptOf(project, base);
      const database = await createDatabase();
      const first = await scriptOf(project, [...base, "--to", "0000_people"]);
      expect(await runPsql(database, first)).toMatchObject({ code: 0 });
      // CREATE INDEX CONCURRENTLY finishes only when older transactions have ended.
      const older = await database.connect();
      await older.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await older.query("SELECT 1");
      const psql = ended(startPsql(database, file));
      await expect.poll(() => waiting(database, "virtualxid"), { timeout: 20_000 }).toHaveLength(1);
      const [backend] = await waiting(database, "virtualxid");
      await database.query(`SELECT pg_terminate_backend($1)`, [backend?.pid]);
      expect((await psql).code).not.toBe(0);
      await older.query("COMMIT");
      expect(await database.query(`SELECT FROM pg_index WHERE NOT indisvalid`)).toHaveLength(1);
      expect((await ledgerOf(database, "app_a"))[1]).toMatchObject({ begun: true, applied: 1 });
      if (program === "psql") {
        const again = await runPsql(database, file);
        expect(again).toMatchObject({ code: 0 });
        expect(again.stderr).toContain("app/a 0001_index, which was interrupted");
      } else expect(await runCli(project, ["migrate"], at(database))).toMatchObject({ code: 0 });
      expect(await database.query(`SELECT FROM pg_index WHERE NOT indisvalid`)).toEqual([]);
      await expectAlike(database, await migrated(project), ["app_a"]);
    },
  );

  test.each([true, false])(
    "of migrate is resumed by psql if the index is valid: %s",
    async (valid) => {
      const project = await projectFor(withIndex);
      const database = await migrated(project);
      const text = withIndex["0001_index"];
      await markBegun(database, "app_a", "0001_index", text.slice(0, text.lastIndexOf("-->")));
      await database.query(`ALTER TABLE app_a.people DROP COLUMN last`);
      const index = "app_a.people_name";
      if (!valid)
        await database.query(
          `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${index}'::regclass`,
        );
      const [was] = await database.query(`SELECT '${index}'::regclass::oid AS oid`);
      expect(await runPsql(database, await scriptOf(project, base))).toMatchObject({ code: 0 });
      const [is] = await database.query(`SELECT '${index}'::regclass::oid AS oid`);
      expect(is?.oid === was?.oid).toBe(valid);
      expect(await database.query(`SELECT FROM pg_index WHERE NOT indisvalid`)).toEqual([]);
      const other = await migrated(project);
      expect(await ledgerOf(database, "app_a")).toEqual(await ledgerOf(other, "app_a"));
    },
  );
});

describe("psql removes what an interrupted statement left", () => {
  test("a half-built index of a REINDEX", async () => {
    const reindex = `REINDEX INDEX CONCURRENTLY "people_name"`;
    const project = await projectFor({ ...withIndex, "0002_reindex": `${reindex};` });
    const database = await migrated(project);
    await markBegun(database, "app_a", "0002_reindex", reindex);
    await database.query(`CREATE INDEX "people_name_ccnew" ON app_a.people (name);
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app_a.people_name_ccnew'::regclass`);
    expect(await runPsql(database, await scriptOf(project, base))).toMatchObject({ code: 0 });
    await expectAlike(database, await migrated(project), ["app_a"]);
  });

  test("a half-detached partition", async () => {
    const project = await projectFor({
      "0000_parts": `CREATE TABLE "p" ("id" integer) PARTITION BY LIST ("id");\nCREATE TABLE "p1" PARTITION OF "p" FOR VALUES IN (1);`,
      "0001_detach": `ALTER TABLE "p" DETACH PARTITION "p1" CONCURRENTLY;`,
    });
    const file = await scriptOf(project, base);
    const database = await migrated(project, ["migrate", "--to", "0000_parts"]);
    const blocker = await database.connect();
    await blocker.query(`BEGIN; SELECT * FROM app_a.p`);
    const psql = ended(startPsql(database, file));
    const links = `SELECT inhdetachpending AS pending FROM pg_inherits WHERE inhrelid = 'app_a.p1'::regclass`;
    await expect
      .poll(() => database.query(links), { timeout: 20_000 })
      .toEqual([{ pending: true }]);
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'psql'`,
    );
    expect((await psql).code).not.toBe(0);
    await blocker.query("COMMIT");
    expect(await runPsql(database, file)).toMatchObject({ code: 0 });
    expect(await database.query(links)).toEqual([]);
    await expectAlike(database, await migrated(project), ["app_a"]);
  });
});

describe("a script whose target is not as expected", () => {
  test("stops with the guard's error, and names the target", async () => {
    const project = await projectFor(withIndex, ["a", "b", "c"]);
    const file = await scriptOf(project, ["migrate", "--sql", "--from", "0000_people"]);
    const database = await migrated(project, ["migrate", "--to", "0000_people"]);
    await database.query(`UPDATE app_b.__fleet_ledger SET checksum = 'other'`);
    const result = await runPsql(database, file);
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(
      /app\/b 0001_index\n.*ERROR: {2}the ledger has changed since the plan was made/,
    );
    expect(result.stderr).not.toContain("app/c");
    expect(await ledgerOf(database, "app_a")).toHaveLength(2);
    expect(await ledgerOf(database, "app_b")).toHaveLength(1);
  });

  test("stops while another runner holds the target", async () => {
    const project = await projectFor(people);
    const file = await scriptOf(project, base);
    const database = await createDatabase();
    const text = await readFile(file, "utf8");
    const key = /pg_try_advisory_xact_lock\((-?\d+)\)/.exec(text)?.[1];
    const other = await database.connect();
    await other.query(`SELECT pg_advisory_lock(${key})`);
    const result = await runPsql(database, file);
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(/app\/a 0000_people\n.*another runner is working/);
    expect(await catalogOf(database, "app_a")).toEqual([]);
  });

  test("treats an empty schema as base, and refuses any other schema without a ledger", async () => {
    const project = await projectFor(people, ["a", "b"]);
    const file = await scriptOf(project, base);
    const database = await createDatabase();
    await database.query(`CREATE SCHEMA app_a; CREATE SCHEMA app_b; CREATE TABLE app_b.mine (); `);
    const result = await runPsql(database, file);
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(/app\/b 0000_people\n.*contains tables, views or sequences/);
    expect(await ledgerOf(database, "app_a")).toHaveLength(1);
    await database.query(`DROP TABLE app_b.mine`);
    expect(await runPsql(database, file)).toMatchObject({ code: 0 });
    await expectAlike(database, await migrated(project), ["app_a", "app_b"]);
  });
});

describe("text that psql could interpret", () => {
  const hostile = {
    "0000_hostile": String.raw`CREATE TABLE "t" ("n" integer, "user" integer, "port" integer, "items" integer[], "text" text DEFAULT ':DBNAME :''USER'' \q');
--> statement-breakpoint
INSERT INTO "t" ("n", "user", "port", "items") VALUES (2, 3, 1, '{10,20,30,40}');
--> statement-breakpoint
INSERT INTO "t" ("text", "items") SELECT '
\q
\! touch /tmp/never
:DBNAME :"USER" :{?HOST}' || E'\\q \' :USER', "items"[1:n] || "items"[:port] || "items"["port":"user"] FROM "t"; -- :DBNAME \q
--> statement-breakpoint
INSERT INTO "t" ("text") VALUES ($$
\q
:DBNAME; :'USER' $$), ('größe :n');
/* :DBNAME
\q
*/
--> statement-breakpoint
CREATE VIEW "v" AS SELECT "items"[n:ROW_COUNT] AS "part" FROM (SELECT "items", "n", "user" AS ROW_COUNT FROM "t") AS "of" WHERE '{"a": ":n"}'::jsonb ->> 'a' = ':n';
--> statement-breakpoint
CREATE FUNCTION "f"(n integer) RETURNS integer[] LANGUAGE plpgsql AS $body$
DECLARE items integer[] := '{1,2,3}';
BEGIN
  -- :DBNAME
  RETURN items[1:n];
END $body$;
--> statement-breakpoint
CREATE FUNCTION "g"(n integer) RETURNS SETOF integer[] LANGUAGE sql BEGIN ATOMIC
  SELECT "items"[1:n] FROM "t";
  SELECT CASE WHEN g.n > 1 THEN "items"[n:port] END FROM "t";
END;
--> statement-breakpoint
CREATE FUNCTION "h"() RETURNS SETOF integer LANGUAGE sql BEGIN ATOMIC SELECT begin FROM (SELECT 1 AS begin) AS "of"; END;
--> statement-breakpoint
ALTER TABLE "t" ADD COLUMN "first" integer[] GENERATED ALWAYS AS ("items"[1:n]) STORED;`,
  };

  test("reaches the server unchanged, whatever variables psql has", async () => {
    const project = await projectFor(hostile, ["a", "b"]);
    const file = await scriptOf(project, base);
    const [byScript, byTool] = [await createDatabase(), await migrated(project)];
    const evil = ["n", "port", "user", "ROW_COUNT"].flatMap((name) => ["-v", `${name}=9`]);
    const name = new URL(byScript.url).pathname.slice(1);
    await byScript.query(`ALTER DATABASE "${name}" SET standard_conforming_strings = off`);
    const result = await runPsql(byScript, file, evil);
    expect(result).toMatchObject({ code: 0 });
    await expectAlike(byScript, byTool, ["app_a", "app_b"]);
    const rows = (database: TestDatabase) => database.query(`SELECT * FROM app_b.t ORDER BY ctid`);
    expect(await rows(byScript)).toEqual(await rows(byTool));
    expect(await rows(byScript)).toHaveLength(4);
    for (const name of ["f", "g", "h"]) {
      const [one, other] = await Promise.all(
        [byScript, byTool].map((database) =>
          database.query(`SELECT pg_get_functiondef('app_a.${name}'::regproc) AS text`),
        ),
      );
      expect(one).toEqual(other);
    }
  });

  test("reaches the server unchanged as schema names, in any encoding, each with its own file", async () => {
    const tenants = ["größe", "GRÖSSE", "Acme", "acme", "日本", "a.b", "a--b", "AB"];
    const tenantSchema = "../../:n; {tenant} -- 50% (x) :DBNAME";
    const schemas = tenants.map((tenant) => tenantSchema.replace("{tenant}", tenant));
    const project = await projectFor(withIndex, tenants, { tenantSchema });
    const folder = await createFolder();
    const written = await runCli(project, ["migrate", "--sql", folder, "--from", "base"]);
    expect(written).toMatchObject({ code: 0 });
    const files = await readdir(join(folder, "main/app"));
    expect(await readdir(folder, { recursive: true })).toHaveLength(2 + tenants.length);
    expect(new Set(files.map((name) => name.toLowerCase())).size).toBe(tenants.length);
    const byTool = await migrated(project);
    const [byFiles, byScript] = [await createDatabase(), await createDatabase()];
    const name = new URL(byScript.url).pathname.slice(1);
    await byScript.query(`ALTER DATABASE "${name}" SET client_encoding = 'LATIN1'`);
    for (const file of files)
      expect(await runPsql(byFiles, join(folder, "main/app", file))).toMatchObject({ code: 0 });
    const evil = ["-v", "n=9"];
    const file = await scriptOf(project, base);
    for (const _ of ["first", "second"])
      expect(await runPsql(byScript, file, evil)).toMatchObject({ code: 0 });
    await expectAlike(byFiles, byTool, schemas);
    await expectAlike(byScript, byTool, schemas);
  });
});

test("a script first creates missing extensions", async () => {
  const project = await projectFor(
    {
      "0000_people": `CREATE EXTENSION IF NOT EXISTS "citext";\n--> statement-breakpoint\nCREATE TABLE "people" ("email" citext UNIQUE);`,
    },
    ["a", "b"],
    { extensionSchema: "extensions" },
  );
  const file = await scriptOf(project, base);
  const database = await createDatabase();
  expect(await runPsql(database, file)).toMatchObject({ code: 0 });
  expect(await runPsql(database, file)).toMatchObject({ code: 0 });
  await expectAlike(database, await migrated(project), ["app_a", "app_b"]);
});

test("downgrade --sql reverts from a given migration, including statements that run alone", async () => {
  const project = await projectFor(withIndex, ["a", "b"]);
  await writeFiles(project, {
    "drizzle/app/0001_index.down.sql": `ALTER TABLE "people" DROP COLUMN "last";
--> statement-breakpoint
DROP INDEX CONCURRENTLY "people_name";
--> statement-breakpoint
ALTER TABLE "people" DROP COLUMN "note";`,
  });
  const from = ["--from", "0001_index"];
  const file = await scriptOf(project, ["downgrade", "-1", "--sql", ...from]);
  const [byScript, byTool] = [await migrated(project), await migrated(project)];
  const other = await byScript.connect();
  await other.query(`BEGIN; LOCK TABLE app_b.people IN ACCESS SHARE MODE`);
  expect((await runPsql(byScript, file)).code).toBe(3);
  await other.query("COMMIT");
  expect(await runPsql(byScript, file)).toMatchObject({ code: 0 });
  expect(await runCli(project, ["downgrade", "-1"], at(byTool))).toMatchObject({ code: 0 });
  await expectAlike(byScript, byTool, ["app_a", "app_b"]);
  const before = await wholeLedger(byScript, "app_a");
  expect(await runPsql(byScript, file)).toMatchObject({ code: 0 });
  expect(await wholeLedger(byScript, "app_a")).toEqual(before);
});
