SELECT db.public.t.id FROM public.t;
