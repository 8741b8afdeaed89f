DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = (parse_ident('"{tenant}"'::regnamespace::text))[1] LOOP
    EXECUTE format(('ALTER TABLE ' || replace('"{tenant}"', '%', '%%') || '.%I ENABLE ROW LEVEL SECURITY'), t);
    EXECUTE format(('CREATE POLICY p ON ' || replace('"{tenant}"', '%', '%%') || '.%I USING (' || replace('"{tenant}"', '%', '%%') || '.allowed(%L) OR n %% 2 = 0)') || '', t, t);
    EXECUTE format('ALTER TABLE %I.%I ADD COLUMN n integer', (parse_ident('"{tenant}"'::regnamespace::text))[1], t);
    EXECUTE format('ALTER TABLE %2$s.%1$I ADD COLUMN m integer', t, '"{tenant}"');
    EXECUTE format('SELECT 1 FROM pg_tables WHERE schemaname = %L AND tablename = %L', (parse_ident('"{tenant}"'::regnamespace::text))[1], t);
    EXECUTE format(('COMMENT ON TABLE ' || replace('"{tenant}"', '%', '%%') || '.%I IS ''public.%s'''), t, t);
  END LOOP;
END $$;
