DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = (parse_ident('"{tenant}"'::regnamespace::text))[1] AND table_name = 't' AND column_name = 'n') THEN
    ALTER TABLE "{tenant}".t ADD COLUMN n integer;
  END IF;
END $$;
DO $$ DECLARE r record; kind text; BEGIN
  FOR r IN SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = (parse_ident('"{tenant}"'::regnamespace::text))[1] LOOP
    PERFORM 1 FROM pg_attribute WHERE attrelid = r.oid;
  END LOOP;
  SELECT data_type INTO kind FROM information_schema.columns WHERE table_schema = (parse_ident('"{tenant}"'::regnamespace::text))[1] AND table_name = 't';
END $$;
CREATE FUNCTION "{tenant}".f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM pg_policies WHERE schemaname = (parse_ident(''"{tenant}"''::regnamespace::text))[1]';
CREATE FUNCTION "{tenant}".g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM 1 FROM information_schema.columns WHERE table_schema = TG_TABLE_SCHEMA AND table_name = TG_TABLE_NAME;
  RETURN NEW;
END $$;
DO $$ DECLARE there mood := CASE WHEN EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = (parse_ident('"{tenant}"'::regnamespace::text))[1] AND table_name = 'x') THEN 'ok' END; BEGIN NULL; END $$;
