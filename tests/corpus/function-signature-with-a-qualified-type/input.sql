SELECT 'public.f(public.mood)'::regprocedure;
