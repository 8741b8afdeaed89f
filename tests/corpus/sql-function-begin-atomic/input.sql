CREATE FUNCTION public.total() RETURNS bigint LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO public.log VALUES ('public.total');
  SELECT count(*) FROM public.note;
END;
