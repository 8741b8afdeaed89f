CREATE FUNCTION many(int) RETURNS text LANGUAGE sql AS $$ SELECT 'int' $$;
CREATE FUNCTION many(text) RETURNS text LANGUAGE sql AS $$ SELECT 'text' $$;
CREATE FUNCTION many(int, text) RETURNS text LANGUAGE sql AS $$ SELECT 'both' $$;
