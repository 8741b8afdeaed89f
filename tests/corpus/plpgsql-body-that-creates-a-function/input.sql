DO $$ BEGIN
  CREATE FUNCTION public.f() RETURNS bigint LANGUAGE sql AS $f$ SELECT count(*) FROM public.note $f$;
END $$;
