CREATE TYPE "{tenant}"."e" AS ENUM ('a');
CREATE TABLE "{tenant}"."t" ("id" int, e "{tenant}"."e");
SELECT 1 FROM information_schema.tables WHERE table_schema = (parse_ident('"{tenant}"'::regnamespace::text))[1] AND table_name = 't';
SELECT '"{tenant}"'::regnamespace, nextval('"{tenant}".s'), to_regnamespace('"{tenant}"');
CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = "{tenant}", pg_temp AS 'SELECT id FROM "{tenant}".t';
DO $$ BEGIN EXECUTE 'ALTER TABLE "{tenant}".t ADD COLUMN x int'; END $$;
