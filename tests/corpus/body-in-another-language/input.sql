CREATE FUNCTION f() RETURNS integer LANGUAGE plpython3u AS $$ return 1 $$;
