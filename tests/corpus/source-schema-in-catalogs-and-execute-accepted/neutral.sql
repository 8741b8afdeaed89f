SELECT 1 FROM information_schema.tables WHERE table_schema = (parse_ident('"{tenant}"'::regnamespace::text))[1] AND table_name = 't';
SELECT 1 FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 't';
SELECT 1 FROM pg_class WHERE relnamespace = '"{tenant}"'::regnamespace AND oid = to_regclass('"{tenant}".' || 't');
DO $$ DECLARE t text; BEGIN
  EXECUTE 'ALTER TABLE "{tenant}".t ADD COLUMN x int';
  EXECUTE format('ALTER TABLE %I.%I ADD COLUMN y int', (parse_ident('"{tenant}"'::regnamespace::text))[1], t);
  EXECUTE format(('INSERT INTO ' || replace('"{tenant}"', '%', '%%') || '.%I SELECT * FROM public.t'), t);
END $$;
