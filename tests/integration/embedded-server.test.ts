import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { acquireEmbedded, type EmbeddedOptions } from "../../src/dev/embedded.ts";
import { urlWith } from "../support/database.ts";
import { repository } from "../support/repository.ts";

/** Options for a server that only this test uses. */
async function createPlace(): Promise<EmbeddedOptions> {
  const folder = await mkdtemp(join(tmpdir(), "drizzle-fleet-shared-"));
  onTestFinished(({ task }) =>
    task.result?.state === "fail" ? undefined : rm(folder, { recursive: true }),
  );
  return { root: repository, folder, port: 54_394 };
}

function runs({ folder }: EmbeddedOptions): boolean {
  return existsSync(join(folder, "postgres/data/postmaster.pid"));
}

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const result = await client.query(sql).finally(() => client.end());
  return result.rows;
}

test("a command that starts while others stop uses the running server or starts it again", async () => {
  const place = await createPlace();
  await (await acquireEmbedded(place, ["main"])).release();
  // The pauses are about as long as a start or a stop, so that many commands arrive during one.
  const visits = Array.from({ length: 40 }, async (_, index) => {
    await sleep(index * 170);
    const server = await acquireEmbedded(place, ["main"]);
    await query(server.addressOf("main").url, "SELECT 1");
    await server.release();
  });
  const ends = await Promise.allSettled(visits);
  expect(ends.filter(({ status }) => status === "rejected")).toEqual([]);
  expect(runs(place)).toBe(false);
});

test("stopping does not wait for a server that another command starts right afterwards", async () => {
  const place = await createPlace();
  let server = await acquireEmbedded(place, []);
  for (let round = 0; round < 12; round++) {
    const [next] = await Promise.all([acquireEmbedded(place, []), server.release()]);
    server = next;
  }
  await server.release();
  expect(runs(place)).toBe(false);
});

test("a command that lost its connection still stops the server", async () => {
  const place = await createPlace();
  const server = await acquireEmbedded(place, []);
  await query(
    server.superuserAddressOf("postgres").url,
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'",
  );
  await server.release();
  expect(runs(place)).toBe(false);
});

test("migrations run as an ordinary role that owns the database, and applications as another role", async () => {
  const place = await createPlace();
  const server = await acquireEmbedded(place, ["main"]);
  const passwords = [server.addressOf, server.applicationAddressOf, server.superuserAddressOf].map(
    (addressOf) => new URL(addressOf("main").url).password,
  );
  expect(new Set(passwords).size).toBe(3);
  const lines = (await readFile(server.passwordFile, "utf8")).trim().split("\n");
  expect(lines.map((line) => line.split(":").slice(3))).toEqual([
    ["migrator", passwords[0]],
    ["application", passwords[1]],
    ["postgres", passwords[2]],
  ]);
  const attributes = `SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS more
    FROM pg_roles WHERE rolname = current_user`;
  const migrator = server.addressOf("main").url;
  expect(await query(migrator, attributes)).toEqual([{ rolname: "migrator", more: false }]);
  expect(await query(server.applicationAddressOf("main").url, attributes)).toEqual([
    { rolname: "application", more: false },
  ]);
  await query(migrator, `CREATE EXTENSION citext; CREATE SCHEMA one; CREATE TABLE public.t ()`);
  // The migrating role lacks what an administrator does in production.
  await expect(query(migrator, `CREATE EXTENSION dblink`)).rejects.toMatchObject({ code: "42501" });
  await query(server.superuserAddressOf("main").url, `CREATE EXTENSION dblink`);
  await expect(query(migrator, `CREATE ROLE another`)).rejects.toMatchObject({ code: "42501" });
  await server.release();

  const creating = await acquireEmbedded({ ...place, createsRoles: true }, ["main"]);
  await query(creating.addressOf("main").url, `CREATE ROLE another; GRANT another TO application`);
  await creating.release();
});

test("objects that an earlier version created as superuser now belong to the migrating role, and the application role has a new password", async () => {
  const place = await createPlace();
  const first = await acquireEmbedded(place, []);
  const admin = first.superuserAddressOf("postgres").url;
  const { password } = new URL(admin);
  await query(
    admin,
    `DROP ROLE migrator; DROP ROLE application; CREATE ROLE application LOGIN NOINHERIT PASSWORD '${password}'`,
  );
  await query(admin, `CREATE DATABASE "ma in"`);
  await query(first.superuserAddressOf("ma in").url, madeEarlier);
  await writeFile(first.passwordFile, `127.0.0.1:*:*:postgres:${password}\n`, { mode: 0o600 });
  await first.release();

  const server = await acquireEmbedded({ ...place, createsRoles: true }, ["ma in"]);
  const migrator = server.addressOf("ma in").url;
  expect(await query(migrator, stillSuperusers)).toEqual([]);
  expect((await stat(server.passwordFile)).mode & 0o777).toBe(0o600);
  await query(
    migrator,
    `ALTER TABLE "a ""b".notes ADD COLUMN kind "a ""b".mood; INSERT INTO "a ""b".notes (body) VALUES ('x'), ('y');
     ALTER TYPE "a ""b".mood ADD VALUE 'bad'; CREATE OR REPLACE FUNCTION "a ""b".f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2';
     CREATE TABLE "a ""b".later (id serial); REINDEX TABLE "a ""b".notes; DROP OPERATOR "a ""b".#+# (integer, integer); DROP ROLE "x@main"`,
  );
  const application = server.applicationAddressOf("ma in").url;
  expect(new URL(application).password).not.toBe(password);
  await query(application, `INSERT INTO "a ""b".later DEFAULT VALUES`);
  await expect(query(urlWith(application, { password }), `SELECT 1`)).rejects.toMatchObject({
    code: "28P01",
  });
  await server.release();
});

/** One object of each kind that has an owner, created as superuser, as earlier versions did. */
const madeEarlier = `CREATE SCHEMA "a ""b"; SET search_path = "a ""b";
  CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('good'); CREATE DOMAIN tags AS text[];
  CREATE TYPE pair AS (a integer, b text); CREATE TYPE span AS RANGE (subtype = integer);
  CREATE TABLE notes (id serial PRIMARY KEY, body citext, n integer GENERATED ALWAYS AS IDENTITY);
  CREATE TABLE parts (id integer) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF parts DEFAULT;
  CREATE VIEW v AS SELECT * FROM notes; CREATE MATERIALIZED VIEW m AS SELECT * FROM notes; CREATE SEQUENCE s;
  CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE p() LANGUAGE sql AS '';
  CREATE AGGREGATE total(integer) (sfunc = int4pl, stype = integer);
  CREATE OPERATOR #+# (leftarg = integer, rightarg = integer, function = int4pl);
  CREATE COLLATION c FROM "C"; CREATE STATISTICS st (dependencies) ON id, n FROM notes;
  CREATE TEXT SEARCH CONFIGURATION ts (copy = simple); CREATE TEXT SEARCH DICTIONARY d (template = simple);
  CREATE OPERATOR FAMILY fam USING btree;
  GRANT USAGE ON SCHEMA "a ""b" TO application;
  ALTER DEFAULT PRIVILEGES IN SCHEMA "a ""b" GRANT SELECT, INSERT ON TABLES TO application;
  ALTER DEFAULT PRIVILEGES IN SCHEMA "a ""b" GRANT USAGE ON SEQUENCES TO application;
  CREATE ROLE "x@main"`;

/** The objects that the superuser still owns, except system objects and members of extensions. */
const stillSuperusers = `WITH owned AS (
    SELECT 'pg_class'::regclass AS class, oid, relnamespace AS namespace, relowner AS owner FROM pg_class
    UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace, typowner FROM pg_type
    UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, proowner FROM pg_proc
    UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace, oprowner FROM pg_operator
    UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace, opfowner FROM pg_opfamily
    UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace, collowner FROM pg_collation
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace, stxowner FROM pg_statistic_ext
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace, cfgowner FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace, dictowner FROM pg_ts_dict
    UNION ALL SELECT 'pg_namespace'::regclass, oid, oid, nspowner FROM pg_namespace
  )
  SELECT pg_describe_object(o.class, o.oid, 0) FROM owned o JOIN pg_namespace n ON n.oid = o.namespace
  WHERE owner = 'postgres'::regrole AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')
    AND NOT EXISTS (SELECT FROM pg_type t JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.typelem AND d.deptype = 'e'
      WHERE o.class = 'pg_type'::regclass AND t.oid = o.oid)
  UNION ALL SELECT 'database ' || datname FROM pg_database WHERE datname = current_database() AND datdba = 'postgres'::regrole`;
