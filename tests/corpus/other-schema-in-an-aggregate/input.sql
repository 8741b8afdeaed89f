CREATE AGGREGATE public.a (integer) (SFUNC = other.f, STYPE = integer);
