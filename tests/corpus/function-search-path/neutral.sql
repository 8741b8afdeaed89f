CREATE FUNCTION "{tenant}".a() RETURNS integer LANGUAGE sql SET search_path = "{tenant}", pg_temp AS $$ SELECT 1 $$;
CREATE FUNCTION "{tenant}".b() RETURNS integer LANGUAGE sql SET search_path TO "{tenant}" AS $$ SELECT 1 $$;
CREATE FUNCTION "{tenant}".c() RETURNS integer LANGUAGE sql SET search_path = '' AS $$ SELECT id FROM "{tenant}".t $$;
CREATE FUNCTION "{tenant}".d() RETURNS integer LANGUAGE sql SET search_path TO pg_catalog, "{tenant}" AS $$ SELECT 1 $$;
CREATE FUNCTION "{tenant}".e() RETURNS integer LANGUAGE sql SET search_path FROM CURRENT AS $$ SELECT 1 $$;
ALTER FUNCTION "{tenant}".a() SET search_path = "{tenant}", pg_temp;
