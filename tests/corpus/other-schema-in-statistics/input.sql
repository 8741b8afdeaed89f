CREATE STATISTICS other.s ON a, b FROM public.t;
