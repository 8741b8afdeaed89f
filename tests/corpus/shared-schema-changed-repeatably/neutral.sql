CREATE SCHEMA IF NOT EXISTS "auth";
CREATE TABLE IF NOT EXISTS "auth"."users" ("id" serial PRIMARY KEY, "e" auth.e);
CREATE OR REPLACE VIEW auth.v AS WITH w AS (SELECT id FROM auth.users) SELECT count(*) FROM w, pg_catalog.pg_class c WHERE c.oid = 'auth.users'::regclass;
CREATE OR REPLACE FUNCTION auth.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE INDEX IF NOT EXISTS i ON auth.users (lower(id::text));
-- alone
CREATE INDEX CONCURRENTLY IF NOT EXISTS j ON auth.users (id);
-- after a commit
CREATE OR REPLACE TRIGGER t AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION auth.f();
CREATE SEQUENCE IF NOT EXISTS auth.s;
ALTER TABLE auth.users ADD COLUMN IF NOT EXISTS x int, ADD COLUMN IF NOT EXISTS y text;
ALTER TYPE auth.e ADD VALUE IF NOT EXISTS 'b';
COMMENT ON TABLE auth.users IS 'all of them';
GRANT SELECT ON auth.users TO app;
