DO $$ <<top>> DECLARE r record; BEGIN
  SELECT 1 AS a INTO r;
  IF top.r.a > 0 THEN UPDATE public.note SET n = top.r.a; END IF;
END $$;
