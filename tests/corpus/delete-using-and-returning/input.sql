WITH gone AS (DELETE FROM public.t USING public.u WHERE public.t.id = public.u.id RETURNING public.t.*) INSERT INTO public.log SELECT * FROM gone;
