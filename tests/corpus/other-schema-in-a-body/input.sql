CREATE FUNCTION public.f() RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*)
  FROM other.t
$$;
