SELECT other.id FROM public.t AS other, other.t AS u;
