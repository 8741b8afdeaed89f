DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = (parse_ident('"{tenant}"'::regnamespace::text))[1] AND table_name = 'a') THEN
    CREATE TABLE "a" ("id" integer);
  END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = '"{tenant}"'::regnamespace AND relname = 'b') THEN
    CREATE TABLE "{tenant}".b ("id" integer);
  END IF;
  EXECUTE 'ALTER TABLE "{tenant}".b ADD COLUMN c int';
END $$;
SELECT has_schema_privilege('public', 'USAGE'), to_regnamespace('"{tenant}"');
CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = "{tenant}", pg_temp AS 'SELECT 1 FROM "{tenant}".a';
SELECT my_function('public.a');
CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ DECLARE public int := 1; BEGIN RETURN public; END $$;
