CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql SET SCHEMA 'public' AS $$ SELECT 1 $$;
