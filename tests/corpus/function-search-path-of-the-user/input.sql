CREATE FUNCTION f() RETURNS integer LANGUAGE sql SET search_path = "$user", public AS $$ SELECT 1 $$;
