CREATE FUNCTION lower_bound() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1 $$;
CREATE FUNCTION upper_bound(low int DEFAULT lower_bound()) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT low + 1 $$;
CREATE FUNCTION a_middle(low int DEFAULT lower_bound(), high int DEFAULT upper_bound(lower_bound())) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (low + high) / 2 $$;
