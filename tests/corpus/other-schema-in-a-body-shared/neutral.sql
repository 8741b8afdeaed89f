CREATE FUNCTION "{tenant}".f(a other.mood) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
  RETURN (SELECT count(*) FROM other.t JOIN "{tenant}".t USING (id));
END $$;
