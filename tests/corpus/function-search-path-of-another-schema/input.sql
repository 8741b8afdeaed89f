CREATE FUNCTION f() RETURNS integer LANGUAGE sql SET search_path = public, other AS $$ SELECT 1 $$;
