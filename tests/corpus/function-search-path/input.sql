CREATE FUNCTION public.a() RETURNS integer LANGUAGE sql SET search_path = public, pg_temp AS $$ SELECT 1 $$;
CREATE FUNCTION public.b() RETURNS integer LANGUAGE sql SET search_path TO 'public' AS $$ SELECT 1 $$;
CREATE FUNCTION public.c() RETURNS integer LANGUAGE sql SET search_path = '' AS $$ SELECT id FROM public.t $$;
CREATE FUNCTION public.d() RETURNS integer LANGUAGE sql SET search_path TO pg_catalog, "public" AS $$ SELECT 1 $$;
CREATE FUNCTION public.e() RETURNS integer LANGUAGE sql SET search_path FROM CURRENT AS $$ SELECT 1 $$;
ALTER FUNCTION public.a() SET search_path = public;
