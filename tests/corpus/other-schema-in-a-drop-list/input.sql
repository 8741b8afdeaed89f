DROP TABLE IF EXISTS public.a, b, other.c CASCADE;
