CREATE FUNCTION f() RETURNS void LANGUAGE sql SET app.tenant = 'x' AS $$ SELECT 1 $$;
