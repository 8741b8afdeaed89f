CREATE FUNCTION public.f() RETURNS integer LANGUAGE plpython3u AS $$ plpy.execute("select 1 from t") $$;
