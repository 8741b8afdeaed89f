CREATE FUNCTION self_default(a int) RETURNS int LANGUAGE sql AS $$ SELECT a $$;
CREATE OR REPLACE FUNCTION self_default(a int DEFAULT self_default(1)) RETURNS int LANGUAGE sql AS $$ SELECT a $$;
