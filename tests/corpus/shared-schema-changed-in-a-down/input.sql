DROP TABLE IF EXISTS "auth"."users" CASCADE;
DROP SCHEMA "auth";
CREATE TABLE IF NOT EXISTS auth.users (id int);
COMMENT ON TABLE auth.users IS NULL;
REVOKE SELECT ON auth.users FROM app;
DO $$ BEGIN DROP TYPE auth.e; END $$;
