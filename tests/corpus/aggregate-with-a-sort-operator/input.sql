CREATE AGGREGATE public.a (integer) (SFUNC = public.f, STYPE = integer, SORTOP = OPERATOR(public.<));
