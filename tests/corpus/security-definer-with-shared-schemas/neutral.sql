CREATE FUNCTION a() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = "{tenant}", "shared", "ext", pg_temp AS 'SELECT 1';
CREATE FUNCTION b() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = "{tenant}", shared, pg_temp AS 'SELECT 1';
