/** Statements of every kind in PostgreSQL's grammar, and tricks found by trial. `{b}` is the neighbor's schema. */
const templates = String.raw`
SET search_path = {b}; UPDATE users SET name = 'x'
SET LOCAL search_path TO '{b}'
SELECT set_config('search_path', '{b}', false); DELETE FROM users
SELECT set_config('search' || '_path', '{b}', false)
SELECT set_config(name, '{b}', false) FROM pg_settings WHERE name = 'search_path'
UPDATE pg_settings SET setting = '{b}' WHERE name = 'search_path'; DELETE FROM users
RESET ALL
SET ROLE postgres
SET SESSION AUTHORIZATION postgres
SET client_encoding = 'GBK'
SET NAMES 'SJIS'
SET standard_conforming_strings = off; SELECT 'x\', '; UPDATE {b}.users SET name = $q$x$q$; --'
SET backslash_quote = on
SET allow_system_table_mods = on
SET session_replication_role = replica
SET drizzle_fleet.others = ''
ALTER SYSTEM SET search_path = '{b}'
ALTER ROLE CURRENT_USER SET search_path = '{b}'
ALTER DATABASE postgres SET search_path = '{b}'
CREATE SCHEMA evil
CREATE SCHEMA IF NOT EXISTS {b}
DROP SCHEMA {b} CASCADE
ALTER SCHEMA {b} RENAME TO c
ALTER SCHEMA {b} OWNER TO CURRENT_USER
COMMENT ON SCHEMA {b} IS 'x'
GRANT ALL ON SCHEMA {b} TO PUBLIC
GRANT SELECT ON ALL TABLES IN SCHEMA {b} TO PUBLIC
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC
ALTER DEFAULT PRIVILEGES IN SCHEMA {b} GRANT ALL ON TABLES TO PUBLIC
GRANT USAGE ON SCHEMA public TO PUBLIC
CREATE ROLE evil SUPERUSER
DROP ROLE evil
GRANT pg_read_all_data TO CURRENT_USER
REASSIGN OWNED BY CURRENT_USER TO CURRENT_USER
DROP OWNED BY CURRENT_USER
CREATE DATABASE evil
DROP DATABASE evil
CREATE TABLESPACE evil LOCATION '/tmp'
CREATE EXTENSION dblink
CREATE EXTENSION postgres_fdw
CREATE FOREIGN DATA WRAPPER w
CREATE SERVER s FOREIGN DATA WRAPPER w
CREATE USER MAPPING FOR CURRENT_USER SERVER s
IMPORT FOREIGN SCHEMA x FROM SERVER s INTO public
CREATE LANGUAGE evil HANDLER plpgsql_call_handler
CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()
CREATE PUBLICATION p FOR ALL TABLES
CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p
CREATE CAST (text AS integer) WITH INOUT AS IMPLICIT
CREATE TRANSFORM FOR text LANGUAGE sql (FROM SQL WITH FUNCTION f(internal))
CREATE ACCESS METHOD m TYPE TABLE HANDLER heap_tableam_handler
CREATE OPERATOR CLASS c FOR TYPE text USING btree AS OPERATOR 1 <
CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8
SECURITY LABEL ON TABLE {b}.users IS 'x'
CHECKPOINT
LOAD 'x'
LISTEN x
NOTIFY x, '{b}'
DISCARD ALL
PREPARE p AS DELETE FROM {b}.users
EXECUTE p
DECLARE c CURSOR FOR SELECT * FROM {b}.users
COPY (SELECT * FROM {b}.users) TO STDOUT
COPY users FROM PROGRAM 'echo'
EXPLAIN ANALYZE DELETE FROM {b}.users
VACUUM
REINDEX DATABASE postgres
REINDEX SYSTEM postgres
REINDEX SCHEMA {b}
CLUSTER
ANALYZE
TRUNCATE users, {b}.users
PREPARE TRANSACTION 'x'
COMMIT PREPARED 'x'
ROLLBACK
SAVEPOINT x
COMMIT AND CHAIN
CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'x', 'y'
CREATE FUNCTION i(text) RETURNS text LANGUAGE internal AS 'pg_read_file_v2'
CREATE FUNCTION d() RETURNS text LANGUAGE sql SET search_path = {b} AS 'SELECT name FROM users'; SELECT d()
CREATE FUNCTION d() RETURNS text LANGUAGE sql SET role = postgres AS 'SELECT 1'
CREATE FUNCTION d() RETURNS text LANGUAGE plpgsql AS $$ BEGIN SET search_path = {b}; RETURN (SELECT max(name) FROM users); END $$; SELECT d()
CREATE FUNCTION d() RETURNS text LANGUAGE plpgsql SET standard_conforming_strings = off AS $f$ BEGIN PERFORM 'x\', '; UPDATE {b}.users SET name = $q$x$q$; --'; RETURN 1; END $f$; SELECT d()
ALTER FUNCTION {b}.poke() SECURITY DEFINER
ALTER FUNCTION poke() SET search_path = {b}
DO $$ BEGIN EXECUTE 'DELETE FROM ' || '{b}' || '.users'; END $$
DO $$ BEGIN EXECUTE format('DELETE FROM %I.users', '{b}'); END $$
DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT * FROM {b}' || chr(46) || 'users' LOOP INSERT INTO users VALUES (3, r.name); END LOOP; END $$
DO $$ DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'SELECT 1 FROM {b}' || chr(46) || 'users'; END $$
DO $$ DECLARE x {b}.users; BEGIN SELECT * INTO x FROM {b}.users; INSERT INTO users VALUES (4, x.name); END $$
DO $$ DECLARE x {b}.users.name%TYPE; BEGIN END $$
DO $$ BEGIN CREATE FUNCTION n() RETURNS void LANGUAGE sql AS 'DELETE FROM {b}.users'; END $$
DO $$ BEGIN PERFORM {b}.poke(); END $$
DO $$ BEGIN CALL {b}.poke(); END $$
DO $$ BEGIN ASSERT (SELECT count(*) FROM {b}.users) = 0; END $$
DO $$ BEGIN RAISE NOTICE '%', (SELECT max(name) FROM {b}.users); END $$
DO $$ BEGIN IF EXISTS (SELECT FROM {b}.users) THEN NULL; END IF; END $$
DO LANGUAGE plperlu $$ system('id') $$
SELECT {b}.poke()
SELECT '{b}.users'::regclass::text
SELECT nextval('{b}.seq')
SELECT setval('{b}.seq'::regclass, 42)
SELECT nextval('{b}' || '.seq')
SELECT * FROM users, {b}.users AS n
SELECT (SELECT name FROM {b}.users LIMIT 1)
SELECT * FROM users WHERE name IN (SELECT name FROM {b}.users)
INSERT INTO users SELECT * FROM {b}.users
INSERT INTO {b}.users VALUES (2, 'x') ON CONFLICT DO NOTHING
UPDATE users SET name = n.name FROM {b}.users n
DELETE FROM users USING {b}.users n
MERGE INTO users u USING {b}.users n ON u.id = n.id WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.name)
CREATE TABLE k (LIKE {b}.users INCLUDING ALL)
CREATE TABLE k () INHERITS ({b}.users)
CREATE TABLE k OF {b}.kind
CREATE TABLE k (id int REFERENCES {b}.users (id))
ALTER TABLE users ADD FOREIGN KEY (id) REFERENCES {b}.users (id)
ALTER TABLE users SET SCHEMA {b}
ALTER TABLE {b}.users SET SCHEMA public
ALTER TYPE {b}.kind ADD VALUE 'x'
CREATE VIEW k AS SELECT * FROM {b}.users
CREATE MATERIALIZED VIEW k AS SELECT * FROM {b}.users
CREATE RULE k AS ON INSERT TO users DO ALSO UPDATE {b}.users SET name = 'x'; INSERT INTO users VALUES (77, 'y')
CREATE TRIGGER k AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION {b}.poke()
CREATE SEQUENCE k OWNED BY {b}.users.id
CREATE TYPE k AS (x {b}.kind)
CREATE DOMAIN k AS int CHECK ({b}.poke() = VALUE)
CREATE AGGREGATE k(int) (SFUNC = {b}.poke, STYPE = int)
CREATE OPERATOR <!> (LEFTARG = int, RIGHTARG = int, FUNCTION = {b}.poke)
CREATE TEXT SEARCH CONFIGURATION k (COPY = {b}.english)
ALTER TEXT SEARCH CONFIGURATION english ADD MAPPING FOR word WITH simple
CREATE COLLATION k FROM {b}.c
CREATE STATISTICS k ON id, name FROM {b}.users
COMMENT ON TABLE {b}.users IS 'x'
SELECT lo_from_bytea(0, 'x')
SELECT dblink_exec('dbname=' || current_database(), 'DELETE FROM {b}.users')
SELECT most_common_vals FROM pg_stats WHERE schemaname = '{b}'
SELECT stavalues1 FROM pg_statistic
SELECT query FROM pg_stat_activity
SELECT prosrc FROM pg_proc WHERE proname = 'poke' FOR UPDATE
TABLE {b}.users
VALUES ((SELECT name FROM {b}.users LIMIT 1))
SELECT xmltable.* FROM xmltable('/x' PASSING query_to_xml('SELECT 1', true, true, '') COLUMNS y text)
SELECT * FROM {b}.users TABLESAMPLE system (100)
SELECT count(*) OVER (ORDER BY (SELECT max(name) FROM {b}.users)) FROM users
SELECT u FROM users u GROUP BY u HAVING (SELECT true FROM {b}.users LIMIT 1)
SELECT 1 LIMIT (SELECT id FROM {b}.users LIMIT 1)
SELECT ARRAY(SELECT name FROM {b}.users)
SELECT CASE WHEN EXISTS (TABLE {b}.users) THEN 1 END
CREATE INDEX ON users ((name COLLATE {b}.c))
CREATE INDEX ON users (name {b}.ops)
CREATE TABLE k (x int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME {b}.s))
DO $$ BEGIN COMMIT; END $$
DELETE FROM __fleet_ledger
GRANT INSERT ON __fleet_ledger TO PUBLIC
CREATE POLICY k ON __fleet_ledger USING (false)
SELECT (('SELECT to_tsvector(name) FROM {b}' || chr(46) || 'users')::text).ts_stat
SELECT (('SELECT to_tsvector({b}' || chr(46) || 'poke()::text)')::text).ts_stat
SELECT ((SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'seq' AND nspname = '{b}')).nextval
SELECT t.lo_creat FROM int4(-1) t
SELECT ('/etc/hostname'::text).pg_read_file
SELECT ((NULL::int).pg_stat_get_activity).query
DO $$ DECLARE s regclass := '{b}.seq'; BEGIN PERFORM s.nextval; END $$
SELECT set_config('search_path_'::varchar(11), '{b}', true); UPDATE users SET name = 'x'
SELECT set_config(new_value => '{b}', setting_name => 'search_path', is_local => true); UPDATE users SET name = 'x'
DO $$ DECLARE x record := ROW(set_config('search_path', '{b}', true)); BEGIN UPDATE users SET name = 'x'; END $$
DO $$ DECLARE x kind := CASE WHEN lo_creat(-1) > 0 THEN 'a' END; BEGIN END $$
DO $$ DECLARE a text[]; BEGIN a[length(set_config('search_path', '{b}', true))] := 'z'; UPDATE users SET name = 'x'; END $$
SELECT table_to_xml(targetns => '', tbl => (SELECT c.oid::regclass FROM pg_class c WHERE relname = 'users' AND relnamespace::regnamespace::text = '{b}'), nulls => true, tableforest => true)
SELECT nextval((SELECT max(oid)::text FROM pg_class WHERE relname = 'seq')::regclass)
SET bytea_output = 'escape'; SELECT nextval('{b}\056seq'::bytea::text::regclass)
CREATE FUNCTION l() RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_temp, public, pg_temp AS $$ BEGIN RETURN 1; END $$
DROP COLLATION "C.utf8"
CREATE TYPE k AS RANGE (SUBTYPE = int4, MULTIRANGE_TYPE_NAME = pg_catalog.evil)
COMMENT ON TYPE pg_class IS 'x'
COMMENT ON TYPE _int4 IS 'x'
COMMENT ON CONSTRAINT cardinal_number_domain_check ON DOMAIN information_schema.cardinal_number IS 'x'
RESET standard_conforming_strings
SELECT U&'\007b' UESCAPE '\' FROM U&"{b}".users
`;

/** Other ways to write the same name. */
const spellings: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => `"${name}"`,
  (name) => name.toUpperCase(),
  (name) => `U&"\\${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}"`,
];

/** All tricks against a schema, each in several spellings of its name. */
export function tricks(schema: string): string[] {
  const lines = templates.split("\n").filter((line) => line.trim() !== "");
  return spellings.flatMap((spell) => lines.map((line) => line.replaceAll("{b}", spell(schema))));
}
