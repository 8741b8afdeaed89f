import { expect, test } from "vitest";
import { readFingerprints } from "../../src/catalog/fingerprints.ts";
import { hashSchemas, readProperties } from "../../src/catalog/properties.ts";
import { withSession } from "../../src/postgres/session.ts";
import { createDatabase } from "../support/database.ts";
import { differencesBetween } from "../support/differences.ts";

const structure = `CREATE TABLE "users" ("id" integer PRIMARY KEY, "mail" text, "at" date);
CREATE TYPE "place" AS ("x" integer, "y" integer);
CREATE TYPE "span" AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = "spans");
CREATE COLLATION "german" (provider = icu, locale = 'de');
CREATE FUNCTION "same"(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (FUNCTION = "same", LEFTARG = text, RIGHTARG = text, COMMUTATOR = ===);
CREATE TABLE "events" ("id" integer, PRIMARY KEY ("id")) PARTITION BY RANGE ("id");
CREATE TABLE "events_1" PARTITION OF "events" FOR VALUES FROM (0) TO (10);
CREATE TABLE "notes" ("event" integer REFERENCES "events");
CREATE INDEX "events_more" ON ONLY "events" ("id" DESC);
CREATE INDEX "events_1_more" ON "events_1" ("id" DESC);`;

/** What one statement does, and what is found: the object and its property. */
test.each([
  ["ALTER INDEX users_pkey SET (fillfactor = 60)", "constraint users.users_pkey", "options"],
  ["COMMENT ON INDEX users_pkey IS 'x'", "constraint users.users_pkey", "index comment"],
  ["ALTER TABLE users SET (toast.autovacuum_enabled = false)", "table users", "options"],
  ["REVOKE USAGE ON TYPE place FROM PUBLIC", "type place", "privileges"],
  ["COMMENT ON TYPE place IS 'x'", "type place", "comment"],
  ["ALTER TYPE spans RENAME TO other", "type span", "multirange"],
  [
    "DROP COLLATION german; CREATE COLLATION german (provider = icu, locale = 'fr')",
    "collation german",
    "locale",
  ],
  [
    "DROP OPERATOR === (text, text); CREATE OPERATOR === (FUNCTION = same, LEFTARG = text, RIGHTARG = text)",
    "operator === (text, text)",
    "commutator",
  ],
  ["ALTER INDEX events_more ATTACH PARTITION events_1_more", "index events_1_more", "parent"],
])("is found: %s", async (change, object, property) => {
  const database = await createDatabase();
  for (const schema of ["expected", "found"])
    await database.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${structure}`);
  await withSession({ name: "main", url: database.url }, { waitMs: 5_000 }, async (session) => {
    const schemas = ["expected", "found"].map((schema) => ({ schema }));
    const quickly = async () => ({
      hashes: new Set((await hashSchemas(session, schemas)).values()).size,
      fingerprint: (await readFingerprints(session, ["found"])).get("found"),
    });
    const before = await quickly();
    await database.query(change);
    const after = await quickly();
    expect([before.hashes, after.hashes]).toEqual([1, 2]);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    const all = await readProperties(session, schemas);
    const differences = differencesBetween(all.get("expected") ?? [], all.get("found") ?? []);
    expect(differences.map(({ kind, name }) => `${kind} ${name}`)).toEqual([object]);
    expect(differences[0]?.properties.map((one) => one.property)).toEqual([property]);
  });
});

test("foreign keys to partitions of a table that a constraint references are not listed", async () => {
  const database = await createDatabase();
  await database.query(`CREATE SCHEMA found; SET search_path = found; ${structure}`);
  await withSession({ name: "main", url: database.url }, { waitMs: 5_000 }, async (session) => {
    const all = (await readProperties(session, [{ schema: "found" }])).get("found") ?? [];
    const keys = all.filter(({ kind, of }) => kind === "constraint" && of === "notes");
    expect(keys.map(({ name }) => name)).toEqual(["notes.notes_event_fkey"]);
  });
});

test("the default of a domain does not depend on the search_path with which it was set", async () => {
  const database = await createDatabase();
  for (const schema of ["expected", "found"])
    await database.query(
      `CREATE SCHEMA ${schema}; CREATE FUNCTION ${schema}.fresh() RETURNS text LANGUAGE sql AS 'SELECT random()::text'`,
    );
  await database.query(
    `SET search_path = expected; CREATE DOMAIN code AS text DEFAULT fresh(); RESET search_path;
     CREATE DOMAIN found.code AS text DEFAULT found.fresh()`,
  );
  await withSession({ name: "main", url: database.url }, { waitMs: 5_000 }, async (session) => {
    const all = await readProperties(session, [{ schema: "expected" }, { schema: "found" }]);
    expect(differencesBetween(all.get("expected") ?? [], all.get("found") ?? [])).toEqual([]);
  });
});
