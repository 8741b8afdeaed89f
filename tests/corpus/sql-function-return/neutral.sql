CREATE FUNCTION "{tenant}".label(m "{tenant}".mood) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'public.' || (m = 'ok'::"{tenant}".mood);
