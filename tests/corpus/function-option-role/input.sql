CREATE FUNCTION f() RETURNS integer LANGUAGE sql SET role = 'postgres' AS $$ SELECT 1 $$;
