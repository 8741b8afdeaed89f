DO $$ BEGIN EXECUTE 'ALTER TABLE public.note ADD COLUMN n integer'; END $$;
