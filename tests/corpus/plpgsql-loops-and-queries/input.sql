CREATE FUNCTION public.f() RETURNS SETOF public.note LANGUAGE plpgsql AS $fn$
DECLARE r record;
BEGIN
  FOR r IN SELECT * FROM public.note LOOP PERFORM public.touch(r.id); END LOOP;
  FOR i IN 1..(SELECT count(*) FROM public.note) LOOP RAISE NOTICE 'public.note %', i; END LOOP;
  WHILE EXISTS (SELECT FROM public.note) LOOP DELETE FROM public.note; END LOOP;
  IF public.ok() THEN RETURN QUERY SELECT * FROM public.note AS public WHERE public.id = 1; END IF;
  CASE public.state() WHEN 'public.a' THEN NULL; ELSE RETURN NEXT r; END CASE;
END $fn$;
