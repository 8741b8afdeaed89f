TRUNCATE public.a, other.b;
LOCK TABLE public.a, other.b;
