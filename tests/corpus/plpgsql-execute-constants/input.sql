DO $$ BEGIN EXECUTE E'ALTER TABLE\tpublic.note ADD COLUMN n integer'; END $$;
DO $x$ BEGIN EXECUTE $q$ALTER TABLE public.note ADD COLUMN n text DEFAULT 'public.x'$q$; END $x$;
DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'pub' || 'lic.note ADD COLUMN n integer'; END $$;
DO $$ BEGIN
  EXECUTE 'ALTER TABLE public.note '
    'ADD COLUMN n integer';
  RAISE NOTICE 'public.note';
END $$;
DO $$ BEGIN EXECUTE 'CREATE FUNCTION public.f() RETURNS int LANGUAGE plpgsql AS ''BEGIN PERFORM 1 FROM public.a; END'''; END $$;
DO $$ DECLARE t text; BEGIN EXECUTE 'SELECT 1 FROM pg_tables WHERE schemaname = ''public'' AND tablename = $1' INTO t USING t; END $$;
DO $$ BEGIN EXECUTE 'REVOKE ALL ON FUNCTION public.f() FROM public'; END $$;
CREATE FUNCTION f() RETURNS SETOF note LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN
  FOR r IN EXECUTE 'SELECT * FROM public.note' LOOP RETURN NEXT r; END LOOP;
  RETURN QUERY EXECUTE 'SELECT * FROM public.note';
END $$;
