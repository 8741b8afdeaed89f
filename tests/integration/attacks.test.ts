import pg from "pg";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { FleetError } from "../../src/core/errors.ts";
import { fill } from "../../src/core/template.ts";
import { createLedger, recordProgress } from "../../src/ledger/table.ts";
import { loadParser } from "../../src/sql/parser.ts";
import { readStatements } from "../../src/sql/read-statements.ts";
import {
  attacksByFunctions,
  attacksOnRelations,
  type Neighbor,
} from "../support/attacks/generate.ts";
import { outsideOf } from "../support/attacks/outside.ts";
import { tricks } from "../support/attacks/tricks.ts";
import { type TestDatabase, urlWith } from "../support/database.ts";
import { createOwnServer, type Queries } from "../support/own-server.ts";
import { createRandom } from "../support/random.ts";

/** A text that is in the neighbor's rows and in no statement. If it appears anywhere, an attack has read the rows. */
const secret = `secret ${"of the neighbor's".toUpperCase()} ${Date.now().toString(36)}`;

/** The number of attacks after which their effects are checked. */
const batch = 150;

/** Creates the tenants a and b, owned by a role. Returns what an attacker may know about b. */
async function twoTenants(database: Queries, owner: string): Promise<Neighbor> {
  const entry = {
    tag: "0000_first",
    checksum: "c",
    statements: 1,
    applied: 1,
    appliedChecksum: "c",
    begun: false,
    by: "test",
  };
  for (const schema of ["auth_a", "auth_b"])
    await database.query(`CREATE SCHEMA ${schema} AUTHORIZATION ${owner}; SET ROLE ${owner};
      CREATE TABLE ${schema}.users (id int, name text); CREATE SEQUENCE ${schema}.seq;
      INSERT INTO ${schema}.users VALUES (1, 'its own');
      CREATE TYPE ${schema}.kind AS ENUM ('a');
      CREATE FUNCTION ${schema}.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE FUNCTION ${schema}.poke() RETURNS int LANGUAGE sql AS $$ UPDATE ${schema}.users SET name = name || '!' RETURNING 1 $$;
      ${createLedger(schema)}; ${recordProgress(schema, entry)}; RESET ROLE`);
  await database.query(`UPDATE auth_b.users SET name = $1`, [secret]);
  await database.query(
    "INSERT INTO auth_b.users SELECT 1, name FROM auth_b.users, generate_series(1, 9); ANALYZE auth_b.users",
  );
  const [oids] = await database.query<Record<string, number>>(
    `SELECT 'auth_b.users'::regclass::oid::int AS users, 'auth_b.seq'::regclass::oid::int AS seq, 'auth_b.poke'::regproc::oid::int AS poke`,
  );
  return { schema: "auth_b", oids: oids ?? {} };
}

interface Accepted {
  readonly text: string;
  /** True if the statement cannot run in a transaction. */
  readonly alone: boolean;
}

/** The statements as they run for tenant a, or undefined if the migration is refused. */
function accepted(sql: string): readonly Accepted[] | undefined {
  const problems: FleetError[] = [];
  const { statements } = readStatements("attack.sql", sql, { sharedSchemas: [] }, problems);
  if (problems.length > 0) return undefined;
  return statements.map(({ sql, transactional }) => ({
    text: fill(sql, '"auth_a"'),
    alone: !transactional,
  }));
}

/** Runs statements as a migration of tenant a. Returns their results as one text. */
async function run(client: pg.Client, statements: readonly Accepted[]): Promise<string> {
  const heard: unknown[] = [];
  for (const { text, alone } of statements) {
    const path = 'SET LOCAL search_path = "auth_a"';
    try {
      if (alone) await client.query('SET search_path = "auth_a"');
      else await client.query(`BEGIN; ${path}`);
      const result = await client.query(text);
      heard.push([result].flat().map(({ rows }) => rows));
      if (!alone) await client.query("COMMIT");
    } catch (error) {
      heard.push(error instanceof Error ? { ...error, message: error.message } : error);
      await client.query("ROLLBACK");
    }
    await client.query("RESET ALL; DISCARD TEMP");
  }
  return JSON.stringify(heard);
}

/** All rows of the tenant's own tables, where an attack may have stored what it read. */
async function rowsInside(database: Queries): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `SELECT format('%I.%I', 'auth_a', relname) AS name FROM pg_class WHERE relnamespace = 'auth_a'::regnamespace AND relkind IN ('r', 'm') AND relispopulated`,
  );
  const rows = await Promise.all(
    tables.map(({ name }) => database.query(`SELECT t::text FROM ${name} t LIMIT 10000`)),
  );
  return JSON.stringify(rows);
}

/** Creates a database on a server where no other test creates roles or databases in the meantime. */
async function databaseOn(adminUrl: string, name: string) {
  const clientOf = async (url: string) => {
    const client = new pg.Client(url);
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  };
  const admin = await clientOf(adminUrl);
  await admin.query(`CREATE DATABASE ${name}`);
  const url = urlWith(adminUrl, { pathname: `/${name}` });
  const watcher = await clientOf(url);
  const query: TestDatabase["query"] = async (sql, values) =>
    (await watcher.query(sql, values)).rows;
  return { url, watcher, query };
}

/** Creates two tenants, a connection that attacks one from the other, and a function that returns the damage. */
async function arena(adminUrl: string, who: string, name: string) {
  const database = await databaseOn(adminUrl, name);
  const { watcher } = database;
  await database.query(`CREATE ROLE ${name} LOGIN PASSWORD 'plain'`);
  const url =
    who === "a superuser"
      ? database.url
      : urlWith(database.url, { username: name, password: "plain" });
  const neighbor = await twoTenants(database, name);
  const attacker = new pg.Client({ connectionString: url, statement_timeout: 2_000 });
  const settings: string[] = [];
  const notices: string[] = [];
  // The server reports these settings to the client when they change.
  attacker.connection.on("parameterStatus", ({ parameterName, parameterValue }) => {
    if (/^(client_encoding|standard_conforming_strings)$/.test(parameterName))
      settings.push(`${parameterName}=${parameterValue}`);
  });
  attacker.on("error", () => undefined);
  attacker.on("notice", ({ message }) => notices.push(message ?? ""));
  await attacker.connect();
  const atFirst = [...settings];
  const before = await outsideOf(watcher, "auth_a", neighbor.schema);
  /** Describes what the attacks have done so far; empty if nothing. */
  const damage = async (answers: readonly string[]): Promise<string[]> => {
    const after = await outsideOf(watcher, "auth_a", neighbor.schema);
    const changed = Object.keys(before).filter((name) => after[name] !== before[name]);
    return [
      ...changed.map((name) => `changed ${name}`),
      ...([...answers, ...notices].join().includes(secret) ? ["read"] : []),
      ...((await rowsInside(database)).includes(secret) ? ["kept"] : []),
      ...(settings.length > atFirst.length ? ["settings"] : []),
    ];
  };
  onTestFinished(() => attacker.end());
  return { neighbor, watcher, attacker, damage };
}

describe("no migration reads or writes data of another tenant or of the server", () => {
  beforeAll(loadParser);

  // To repeat a failed run, set ATTACK_SEED to its seed.
  const seed = Number(process.env.ATTACK_SEED ?? Math.floor(Math.random() * 2 ** 31));

  test.each([["an ordinary role"], ["a superuser"]])("as %s", async (who) => {
    const server = await createOwnServer(55_700);
    const { neighbor, watcher, attacker, damage } = await arena(server.adminUrl, who, "attacked");
    const random = createRandom(seed);
    const attacks = [
      ...tricks(neighbor.schema),
      ...(await attacksByFunctions(watcher, random, neighbor)),
      ...(await attacksOnRelations(watcher, random, neighbor)),
    ];
    const open = random.shuffled(
      attacks.flatMap((sql) => {
        const statements = accepted(sql);
        return statements === undefined ? [] : [{ sql, statements }];
      }),
    );
    console.log(
      `ATTACK_SEED=${seed}: ${attacks.length} attacks, ${attacks.length - open.length} refused, ${open.length} run as ${who}`,
    );
    expect(attacks.length).toBeGreaterThanOrEqual(2_000);
    for (let from = 0; from < open.length; from += batch) {
      const some = open.slice(from, from + batch);
      const answers: string[] = [];
      for (const { statements } of some) answers.push(await run(attacker, statements));
      const message = `one of these:\n${some.map(({ sql }) => sql).join("\n")}`;
      expect(await damage(answers), message).toEqual([]);
    }
  });

  /** Refused statements, run anyway, to show that the test would notice their damage. */
  const harmful = [
    ["SELECT name FROM auth_b.users", "read"],
    ["CREATE TABLE stolen AS SELECT name FROM auth_b.users", "kept"],
    ["SELECT query_to_xml('TABLE auth_b' || chr(46) || 'users', true, true, '')", "read"],
    ["SELECT most_common_vals::text FROM pg_stats WHERE schemaname = 'auth_b'", "read"],
    ["DO $$ BEGIN RAISE NOTICE '%', (SELECT max(name) FROM auth_b.users); END $$", "read"],
    ["SELECT auth_b.poke()", "changed rows"],
    ["DELETE FROM auth_b.__fleet_ledger", "changed entries"],
    ["SELECT setval('auth_b' || chr(46) || 'seq', 4242)", "changed sequence"],
    ["ALTER TABLE auth_b.users ADD COLUMN x int", "changed pg_attribute"],
    ["GRANT USAGE ON SCHEMA auth_b TO PUBLIC", "changed pg_namespace"],
    ["CREATE FUNCTION pg_catalog.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "changed pg_proc"],
    ["COMMENT ON TYPE text IS 'x'", "changed pg_description"],
    ["COMMENT ON ROLE postgres IS 'x'", "changed pg_shdescription"],
    ["CREATE ROLE evil", "changed pg_authid"],
    ["SELECT lo_from_bytea(0, 'x')", "changed large objects"],
    ["SET client_encoding = 'LATIN1'", "settings"],
  ] as const;

  test("the refused statements would have done detectable damage", async () => {
    const server = await createOwnServer(55_800);
    for (const [index, [sql, noticed]] of harmful.entries()) {
      expect(accepted(sql), sql).toBeUndefined();
      const { attacker, damage } = await arena(server.adminUrl, "a superuser", `control_${index}`);
      const answer = await run(attacker, [{ text: sql, alone: false }]);
      expect(await damage([answer]), sql).toContain(noticed);
    }
  });
});
