CREATE FUNCTION set_up() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '5MB' SET DateStyle = 'ISO, MDY' AS $$ SELECT 1 $$;
