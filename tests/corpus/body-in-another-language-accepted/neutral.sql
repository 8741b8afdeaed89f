CREATE FUNCTION "{tenant}".f() RETURNS integer LANGUAGE plpython3u AS $$ plpy.execute("select 1 from t") $$;
