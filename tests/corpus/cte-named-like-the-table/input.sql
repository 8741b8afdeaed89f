WITH t AS (SELECT * FROM public.t WHERE id < 10) UPDATE public.t SET n = t.n FROM t WHERE public.t.id = 1;
