SELECT schema public FROM public.t;
