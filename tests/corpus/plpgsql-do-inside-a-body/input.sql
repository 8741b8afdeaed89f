CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
  DO $x$ BEGIN DELETE FROM other.note; END $x$;
END $$;
