MERGE INTO public.t AS public USING public.u ON public.id = public.u.id
WHEN MATCHED AND public.n > 1 THEN UPDATE SET n = public.u.n
WHEN NOT MATCHED THEN INSERT (public) VALUES ('public.u');
