CREATE TABLE "{tenant}"."t" ("id" int, "x" "{tenant}"."e");
SELECT nextval('"{tenant}".s');
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT 1 FROM "{tenant}"."t" LIMIT 1); END $$;
CREATE TYPE r AS ENUM ('My Shop+*?.t');
