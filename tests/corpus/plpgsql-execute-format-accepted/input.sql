DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY p ON public.%I' || ' USING (public.allowed(%L) OR n %% 2 = 0)', t, t);
    EXECUTE format('ALTER TABLE %I.%I ADD COLUMN n integer', 'public', t);
    EXECUTE format('ALTER TABLE %2$s.%1$I ADD COLUMN m integer', t, 'public');
    EXECUTE format('SELECT 1 FROM pg_tables WHERE schemaname = %L AND tablename = %L', 'public', t);
    EXECUTE format('COMMENT ON TABLE public.%I IS ''public.%s''', t, t);
  END LOOP;
END $$;
