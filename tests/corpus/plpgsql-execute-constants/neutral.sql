DO $$ BEGIN EXECUTE 'ALTER TABLE	"{tenant}".note ADD COLUMN n integer'; END $$;
DO $x$ BEGIN EXECUTE 'ALTER TABLE "{tenant}".note ADD COLUMN n text DEFAULT ''public.x'''; END $x$;
DO $$ BEGIN EXECUTE 'ALTER TABLE "{tenant}".note ADD COLUMN n integer' || '' || ''; END $$;
DO $$ BEGIN
  EXECUTE 'ALTER TABLE "{tenant}".note ADD COLUMN n integer'
    ;
  RAISE NOTICE 'public.note';
END $$;
DO $$ BEGIN EXECUTE 'CREATE FUNCTION "{tenant}".f() RETURNS int LANGUAGE plpgsql AS ''BEGIN PERFORM 1 FROM "{tenant}".a; END'''; END $$;
DO $$ DECLARE t text; BEGIN EXECUTE 'SELECT 1 FROM pg_tables WHERE schemaname = (parse_ident(''"{tenant}"''::regnamespace::text))[1] AND tablename = $1' INTO t USING t; END $$;
DO $$ BEGIN EXECUTE 'REVOKE ALL ON FUNCTION "{tenant}".f() FROM public'; END $$;
CREATE FUNCTION f() RETURNS SETOF note LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN
  FOR r IN EXECUTE 'SELECT * FROM "{tenant}".note' LOOP RETURN NEXT r; END LOOP;
  RETURN QUERY EXECUTE 'SELECT * FROM "{tenant}".note';
END $$;
