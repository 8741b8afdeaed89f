SELECT other.t.id FROM public.t;
