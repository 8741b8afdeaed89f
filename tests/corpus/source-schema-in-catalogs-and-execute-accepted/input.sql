SELECT 1 FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 't';
SELECT 1 FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 't';
SELECT 1 FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND oid = to_regclass('shop.' || 't');
DO $$ DECLARE t text; BEGIN
  EXECUTE 'ALTER TABLE shop.t ADD COLUMN x int';
  EXECUTE format('ALTER TABLE %I.%I ADD COLUMN y int', 'shop', t);
  EXECUTE format('INSERT INTO shop.%I SELECT * FROM public.t', t);
END $$;
