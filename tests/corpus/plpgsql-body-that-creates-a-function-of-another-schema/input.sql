DO $$ BEGIN
  CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $f$ DELETE FROM other.note $f$;
END $$;
