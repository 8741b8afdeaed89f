SET search_path = other;
SET search_path = public, other;
SET search_path = pg_temp, public;
RESET search_path;
SET search_path TO DEFAULT;
SET search_path = '';
