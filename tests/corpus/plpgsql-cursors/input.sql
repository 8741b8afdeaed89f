CREATE PROCEDURE public.p(INOUT n integer) LANGUAGE plpgsql AS $$
DECLARE
  c CURSOR (k integer) FOR SELECT * FROM public.note WHERE id = k;
  d refcursor;
  r public.note%ROWTYPE;
BEGIN
  OPEN c(n);
  FETCH c INTO r;
  CLOSE c;
  OPEN d FOR SELECT * FROM public.note;
  UPDATE public.note SET n = n + 1 WHERE CURRENT OF d;
END $$;
