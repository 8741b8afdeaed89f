UPDATE public.t SET public = public.u.public FROM public.u WHERE public.t.id = "public".u.id AND t.public = u.public;
