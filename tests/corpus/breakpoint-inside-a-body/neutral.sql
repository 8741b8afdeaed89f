CREATE FUNCTION "{tenant}".f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM "{tenant}".a; --> statement-breakpoint
  DELETE FROM "{tenant}".b;
END $$;
SELECT "{tenant}".f();
