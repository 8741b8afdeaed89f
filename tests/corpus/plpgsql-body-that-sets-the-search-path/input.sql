CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  SET LOCAL search_path = other;
END $$;
