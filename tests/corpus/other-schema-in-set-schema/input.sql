ALTER TYPE other.mood SET SCHEMA public;
ALTER FUNCTION public.f(integer) SET SCHEMA other;
ALTER AGGREGATE other.a(integer) SET SCHEMA public;
