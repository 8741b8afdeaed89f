ALTER FUNCTION f() SET search_path = "{tenant}", other, pg_temp;
