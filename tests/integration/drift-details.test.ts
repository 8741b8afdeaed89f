import { expect, test } from "vitest";
import { readProperties } from "../../src/catalog/properties.ts";
import { withSession } from "../../src/postgres/session.ts";
import { createDatabase } from "../support/database.ts";
import { differencesBetween } from "../support/differences.ts";

const structure = `CREATE TABLE "users" ("id" integer PRIMARY KEY, "mail" text, "at" date);
CREATE TYPE "place" AS ("x" integer, "y" integer);
CREATE TYPE "span" AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = "spans");
CREATE COLLATION "german" (provider = icu, locale = 'de');
CREATE FUNCTION "same"(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (FUNCTION = "same", LEFTARG = text, RIGHTARG = text, COMMUTATOR = ===);
CREATE AGGREGATE "smallest"(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = <, COMBINEFUNC = int4smaller);
CREATE FOREIGN TABLE "remote" ("id" integer OPTIONS (column_name 'n')) SERVER "elsewhere" OPTIONS (table_name 't');
CREATE TABLE "events" ("id" integer, PRIMARY KEY ("id")) PARTITION BY RANGE ("id");
CREATE TABLE "events_1" PARTITION OF "events" FOR VALUES FROM (0) TO (10);
CREATE TABLE "notes" ("event" integer REFERENCES "events");
CREATE INDEX "events_more" ON ONLY "events" ("id" DESC);
CREATE INDEX "events_1_more" ON "events_1" ("id" DESC);`;

const postgresFdw = `CREATE EXTENSION postgres_fdw; CREATE SERVER "elsewhere" FOREIGN DATA WRAPPER postgres_fdw;
CREATE SERVER "nowhere" FOREIGN DATA WRAPPER postgres_fdw`;

test("the columns of a publication are found", async () => {
  const database = await createDatabase();
  for (const schema of ["expected", "found"])
    await database.query(
      `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.users (id integer, mail text)`,
    );
  await database.query(
    `CREATE PUBLICATION synced FOR TABLE expected.users (id), found.users (id, mail)`,
  );
  await withSession({ name: "main", url: database.url }, { waitMs: 5_000 }, async (session) => {
    const all = await readProperties(session, [{ schema: "expected" }, { schema: "found" }]);
    expect(differencesBetween(all.get("expected") ?? [], all.get("found") ?? [])).toMatchObject([
      { name: "users", properties: [{ expected: "synced (id)", found: "synced (id, mail)" }] },
    ]);
  });
});

test("foreign keys to partitions of a table that a constraint references are not listed", async () => {
  const database = await createDatabase();
  await database.query(
    `${postgresFdw}; CREATE SCHEMA found; SET search_path = found; ${structure}`,
  );
  await withSession({ name: "main", url: database.url }, { waitMs: 5_000 }, async (session) => {
    const all = (await readProperties(session, [{ schema: "found" }])).get("found") ?? [];
    const keys = all.filter(({ kind, of }) => kind === "constraint" && of === "notes");
    expect(keys.map(({ name }) => name)).toEqual(["notes.notes_event_fkey"]);
  });
});
