CREATE FUNCTION "{tenant}".f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
  INSERT INTO "{tenant}".log VALUES (''public.t'', nextval(''"{tenant}".s''));
  RETURN NEW;
END';
