SELECT 'public.f(integer, text)'::regprocedure, to_regprocedure('public.f()');
