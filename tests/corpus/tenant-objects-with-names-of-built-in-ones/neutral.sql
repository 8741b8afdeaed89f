CREATE FUNCTION "{tenant}".lower("{tenant}".mood) RETURNS text LANGUAGE sql AS 'SELECT 1::text';
COMMENT ON FUNCTION "{tenant}".lower("{tenant}".mood) IS 'x';
DROP FUNCTION "{tenant}".lower("{tenant}".mood);
CREATE OPERATOR "{tenant}".+ (LEFTARG = "{tenant}".mood, RIGHTARG = "{tenant}".mood, FUNCTION = "{tenant}".f);
DROP OPERATOR "{tenant}".+ ("{tenant}".mood, "{tenant}".mood);
