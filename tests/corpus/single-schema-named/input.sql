CREATE SCHEMA IF NOT EXISTS "shop";
CREATE TYPE "public"."e" AS ENUM ('a');
CREATE TABLE "shop"."t" ("id" int, e "public"."e");
SELECT 1 FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 't';
SELECT 'shop'::regnamespace, nextval('shop.s'), to_regnamespace('shop');
CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = shop, pg_temp AS 'SELECT id FROM shop.t';
DO $$ BEGIN EXECUTE 'ALTER TABLE shop.t ADD COLUMN x int'; END $$;
