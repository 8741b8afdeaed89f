CREATE TYPE "{tenant}"."e" AS ENUM ('a');
CREATE TABLE "{tenant}"."t" ("id" int, e "{tenant}"."e");
SELECT 1 FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 't';
SELECT 'shop'::regnamespace, nextval('"{tenant}".s'), to_regnamespace('shop');
CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = "{tenant}", pg_temp AS 'SELECT id FROM "{tenant}".t';
DO $$ BEGIN EXECUTE 'ALTER TABLE shop.t ADD COLUMN x int'; END $$;
