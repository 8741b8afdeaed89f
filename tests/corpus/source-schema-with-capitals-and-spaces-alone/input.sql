CREATE SCHEMA "My Shop+*?";
CREATE TABLE "My Shop+*?"."t" ("id" int, "x" "My Shop+*?"."e");
SELECT nextval('"My Shop+*?".s');
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT 1 FROM "My Shop+*?"."t" LIMIT 1); END $$;
CREATE TYPE r AS ENUM ('My Shop+*?.t');
