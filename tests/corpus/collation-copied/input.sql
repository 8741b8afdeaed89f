CREATE COLLATION public.a FROM public.b;
