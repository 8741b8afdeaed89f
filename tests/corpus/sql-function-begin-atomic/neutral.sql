CREATE FUNCTION "{tenant}".total() RETURNS bigint LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO "{tenant}".log VALUES ('public.total');
  SELECT count(*) FROM "{tenant}".note;
END;
