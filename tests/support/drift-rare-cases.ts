/** Kinds of objects of which drizzle-fleet cannot write the SQL. */
export const rareStructure = `CREATE FUNCTION "less"("mood", "mood") RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text < $2::text';
CREATE FUNCTION "compare"("mood", "mood") RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE FUNCTION "text_of"("mood") RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT NULL::text';
CREATE OPERATOR <<< (FUNCTION = "less", LEFTARG = "mood", RIGHTARG = "mood");
CREATE OPERATOR FAMILY "loose" USING btree;
CREATE OPERATOR FAMILY "moods" USING btree;
CREATE OPERATOR CLASS "moods" FOR TYPE "mood" USING btree FAMILY "moods" AS OPERATOR 1 <<<, FUNCTION 1 "compare"("mood", "mood");
CREATE CONVERSION "codes" FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE CAST ("mood" AS text) WITH FUNCTION "text_of"("mood");
CREATE TRANSFORM FOR "mood" LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal));
CREATE TEXT SEARCH PARSER "words" (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE "plain" (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TYPE "later";
CREATE TYPE "raw";
CREATE FUNCTION "raw_in"(cstring) RETURNS "raw" LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION "raw_out"("raw") RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE "raw" (INPUT = "raw_in", OUTPUT = "raw_out");
CREATE FOREIGN TABLE "remote" ("id" integer) SERVER "elsewhere" OPTIONS ("table_name" 'x');`;

/** More kinds of objects, and of relations between them. */
export const moreStructure = `CREATE COLLATION "names" (provider = icu, locale = 'de');
CREATE TEXT SEARCH DICTIONARY "stop" (TEMPLATE = pg_catalog.simple);
CREATE TEXT SEARCH CONFIGURATION "search" (COPY = simple);
CREATE TYPE "pair" AS ("a" integer, "b" text);
CREATE TYPE "span" AS RANGE (SUBTYPE = float8, MULTIRANGE_TYPE_NAME = "spans");
CREATE AGGREGATE "total"(integer) (SFUNC = int4_sum, STYPE = bigint);
CREATE TABLE "parents" ("id" integer, "note" text);
CREATE TABLE "children" ("more" text) INHERITS ("parents");
CREATE TABLE "typed" OF "pair";
CREATE INDEX "events_at" ON "events" ("at");
CREATE TRIGGER "moved" AFTER UPDATE ON "events" FOR EACH ROW EXECUTE FUNCTION "touch"();
ALTER TABLE "events" ADD CONSTRAINT "events_key" UNIQUE ("id", "at");
CREATE INDEX "orders_tags" ON "orders" ((upper("code")));
CREATE TABLE "bookings" ("room" integer, "at" tsrange, EXCLUDE USING gist (int4range("room", "room", '[]') WITH &&, "at" WITH &&));`;

/** What the schemas of one database share. */
export const shared = `CREATE FOREIGN DATA WRAPPER "wrapper"; CREATE SERVER "elsewhere" FOREIGN DATA WRAPPER "wrapper";
CREATE SERVER "nowhere" FOREIGN DATA WRAPPER "wrapper";`;

/** What one statement does to a tenant, and the one difference that is to be found. */
export type Case = readonly [sql: string, kind: string, name: string, ...found: string[]];

/** Drift of these kinds. */
export const rareCases: readonly Case[] = [
  ["DROP OPERATOR CLASS moods USING btree", "operator class", "moods USING btree", "missing"],
  [
    "DROP OPERATOR FAMILY moods USING btree CASCADE",
    "operator family",
    "moods USING btree",
    "missing",
  ],
  [
    "ALTER OPERATOR FAMILY moods USING btree ADD OPERATOR 1 = (text, name)",
    ...([
      "operator family",
      "moods USING btree",
      "operators",
      "1 (text, name): =(text,name)",
    ] as const),
  ],
  [
    "ALTER OPERATOR FAMILY loose USING btree ADD FUNCTION 1 (text, name) bttextnamecmp(text, name)",
    ...([
      "operator family",
      "loose USING btree",
      "functions",
      "1 (text, name): bttextnamecmp(text,name)",
    ] as const),
  ],
  [
    "DROP OPERATOR CLASS moods USING btree; CREATE OPERATOR CLASS moods DEFAULT FOR TYPE mood USING btree FAMILY moods AS OPERATOR 1 <<<, FUNCTION 1 compare(mood, mood)",
    ...(["operator class", "moods USING btree", "default", "true"] as const),
  ],
  [
    "CREATE OPERATOR CLASS moods FOR TYPE mood USING hash AS FUNCTION 1 hashenum(anyenum)",
    "operator family",
    "moods USING hash",
    "extra",
  ],
  [
    "ALTER OPERATOR <<< (mood, mood) SET (RESTRICT = scalarltsel)",
    "operator",
    "<<< (mood, mood)",
    "restriction estimator",
    "scalarltsel",
  ],
  ["DROP CONVERSION codes", "conversion", "codes", "missing"],
  [
    "DROP CONVERSION codes; CREATE DEFAULT CONVERSION codes FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
    "conversion",
    "codes",
    "default",
    "true",
  ],
  ["DROP CAST (mood AS text)", "cast", "mood AS text", "missing"],
  ["CREATE CAST (text AS mood) WITH INOUT AS IMPLICIT", "cast", "text AS mood", "extra"],
  [
    "DROP CAST (mood AS text); CREATE CAST (mood AS text) WITH FUNCTION text_of(mood) AS ASSIGNMENT",
    "cast",
    "mood AS text",
    "context",
    "assignment",
  ],
  ["DROP TRANSFORM FOR mood LANGUAGE sql", "transform", "mood LANGUAGE sql", "missing"],
  ["COMMENT ON CAST (mood AS text) IS 'x'", "cast", "mood AS text", "comment", "x"],
  ["DROP TEXT SEARCH PARSER words", "text search parser", "words", "missing"],
  [
    "DROP TEXT SEARCH PARSER words; CREATE TEXT SEARCH PARSER words (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline)",
    "text search parser",
    "words",
    "headline function",
    "prsd_headline",
  ],
  ["DROP TEXT SEARCH TEMPLATE plain", "text search template", "plain", "missing"],
  [
    "DROP TEXT SEARCH TEMPLATE plain; CREATE TEXT SEARCH TEMPLATE plain (LEXIZE = dsimple_lexize)",
    "text search template",
    "plain",
    "init function",
  ],
  ["DROP TYPE later", "type", "later", "missing"],
  ["ALTER TYPE raw SET (STORAGE = extended)", "type", "raw", "storage", "EXTENDED"],
  [
    "CREATE OR REPLACE FUNCTION double(n integer) RETURNS integer TRANSFORM FOR TYPE mood LANGUAGE sql IMMUTABLE AS 'SELECT n * 2'",
    "function",
    "double(n integer)",
    "transforms",
    "mood",
  ],
  [
    "ALTER FOREIGN TABLE remote OPTIONS (SET table_name 'y')",
    "foreign table",
    "remote",
    "foreign options",
    "table_name 'y'",
  ],
  [
    "ALTER FOREIGN TABLE remote ALTER id OPTIONS (ADD column_name 'y')",
    "column",
    "remote.id",
    "foreign options",
    "column_name 'y'",
  ],
  [
    "DROP FOREIGN TABLE remote; CREATE FOREIGN TABLE remote (id integer) SERVER nowhere OPTIONS (table_name 'x')",
    "foreign table",
    "remote",
    "server",
    "nowhere",
  ],
];

/** Drift of the others. */
export const moreCases: readonly Case[] = [
  [
    "DROP COLLATION names; CREATE COLLATION names (provider = icu, locale = 'fr')",
    "collation",
    "names",
    "locale",
    "fr",
  ],
  [
    "ALTER TEXT SEARCH DICTIONARY stop (accept = false)",
    "text search dictionary",
    "stop",
    "dictionary options",
  ],
  [
    "ALTER TEXT SEARCH CONFIGURATION search ALTER MAPPING FOR word, asciiword WITH english_stem",
    "text search configuration",
    "search",
    "mappings",
    "word: english_stem",
  ],
  ["ALTER TYPE pair ADD ATTRIBUTE c integer CASCADE", "attribute", "pair.c", "extra"],
  [
    'ALTER TYPE pair ALTER ATTRIBUTE b TYPE text COLLATE "C" CASCADE',
    "attribute",
    "pair.b",
    "collation",
  ],
  ["COMMENT ON TYPE pair IS 'x'", "type", "pair", "comment", "x"],
  ["REVOKE USAGE ON TYPE pair FROM PUBLIC", "type", "pair", "privileges"],
  ["ALTER TYPE spans RENAME TO lengths", "type", "span", "multirange", "lengths"],
  [
    "DROP AGGREGATE total(integer); CREATE AGGREGATE total(integer) (SFUNC = int4_sum, STYPE = bigint, INITCOND = '5')",
    "aggregate",
    "total(integer)",
    "initial value",
    "5",
  ],
  [
    "DROP AGGREGATE total(integer); CREATE AGGREGATE total(integer) (SFUNC = int4_sum, STYPE = bigint, COMBINEFUNC = int8pl)",
    "aggregate",
    "total(integer)",
    "combine function",
    "int8pl",
  ],
  [
    "ALTER FUNCTION double(integer) SET search_path = {schema}, pg_temp",
    "function",
    "double(n integer)",
    "settings",
    "search_path={schema}, pg_temp",
  ],
  ["ALTER TABLE parents ADD COLUMN extra text", "column", "parents.extra", "extra"],
  ["ALTER TABLE parents ALTER note TYPE varchar(10)", "column", "parents.note", "type"],
  ["ALTER TABLE children ALTER note SET DEFAULT 'x'", "column", "children.note", "default"],
  ["ALTER TABLE events DROP CONSTRAINT events_key", "constraint", "events.events_key", "missing"],
  ["DROP INDEX events_at", "index", "events_at", "missing"],
  [
    "DROP INDEX events_at; CREATE INDEX events_at ON events (at, id)",
    "index",
    "events_at",
    "definition",
  ],
  [
    "DROP INDEX events_at; CREATE INDEX events_at ON ONLY events (at); CREATE INDEX events_1_at_idx ON events_1 (at)",
    "index",
    "events_1_at_idx",
    "parent",
  ],
  ["DROP TRIGGER moved ON events", "trigger", "events.moved", "missing"],
  ["ALTER TABLE events DISABLE TRIGGER moved", "trigger", "events.moved", "state", "disabled"],
  ["ALTER TABLE events_1 DISABLE TRIGGER moved", "trigger", "events_1.moved", "state", "disabled"],
  ["ALTER TABLE events DETACH PARTITION events_1", "table", "events_1", "parents"],
  [
    "ALTER INDEX orders_tags ALTER COLUMN 1 SET STATISTICS 7",
    "index",
    "orders_tags",
    "statistics target",
    "1: 7",
  ],
  [
    "ALTER INDEX bookings_int4range_at_excl ALTER COLUMN 1 SET STATISTICS 7",
    "constraint",
    "bookings.bookings_int4range_at_excl",
    "statistics target",
    "1: 7",
  ],
];

/** Drift of the others that ALTER cannot repair. */
export const foundMoreCases: readonly Case[] = [
  [
    "DROP TYPE span; CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = spans)",
    "type",
    "span",
    "subtype difference function",
    "float8mi",
  ],
  [
    "ALTER TABLE children NO INHERIT parents; ALTER TABLE children INHERIT parents",
    "table",
    "children",
    "redeclared parts",
    "id, note",
  ],
  ["ALTER TABLE children NO INHERIT parents", "table", "children", "parents"],
];
