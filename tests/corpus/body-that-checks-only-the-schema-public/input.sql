DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't') THEN
    ALTER TABLE public.t ADD COLUMN n integer;
  END IF;
END $$;
