CREATE FUNCTION "{tenant}".f() RETURNS SETOF "{tenant}".note LANGUAGE plpgsql AS $fn$
DECLARE r record;
BEGIN
  FOR r IN SELECT * FROM "{tenant}".note LOOP PERFORM "{tenant}".touch(r.id); END LOOP;
  FOR i IN 1..(SELECT count(*) FROM "{tenant}".note) LOOP RAISE NOTICE 'public.note %', i; END LOOP;
  WHILE EXISTS (SELECT FROM "{tenant}".note) LOOP DELETE FROM "{tenant}".note; END LOOP;
  IF "{tenant}".ok() THEN RETURN QUERY SELECT * FROM "{tenant}".note AS public WHERE public.id = 1; END IF;
  CASE "{tenant}".state() WHEN 'public.a' THEN NULL; ELSE RETURN NEXT r; END CASE;
END $fn$;
