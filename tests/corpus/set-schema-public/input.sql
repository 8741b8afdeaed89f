ALTER TABLE t SET SCHEMA public;
ALTER FUNCTION public.f(integer) SET SCHEMA "public";
