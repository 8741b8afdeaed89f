CREATE FUNCTION public.f(a other.mood) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
  RETURN (SELECT count(*) FROM other.t JOIN public.t USING (id));
END $$;
