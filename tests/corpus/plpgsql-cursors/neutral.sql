CREATE PROCEDURE "{tenant}".p(INOUT n integer) LANGUAGE plpgsql AS $$
DECLARE
  c CURSOR (k integer) FOR SELECT * FROM "{tenant}".note WHERE id = k;
  d refcursor;
  r "{tenant}".note%ROWTYPE;
BEGIN
  OPEN c(n);
  FETCH c INTO r;
  CLOSE c;
  OPEN d FOR SELECT * FROM "{tenant}".note;
  UPDATE "{tenant}".note SET n = n + 1 WHERE CURRENT OF d;
END $$;
