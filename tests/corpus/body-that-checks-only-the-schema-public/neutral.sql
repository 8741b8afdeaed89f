DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = (parse_ident('"{tenant}"'::regnamespace::text))[1] AND table_name = 't') THEN
    ALTER TABLE "{tenant}".t ADD COLUMN n integer;
  END IF;
END $$;
