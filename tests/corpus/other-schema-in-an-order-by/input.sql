SELECT id FROM public.t ORDER BY id USING OPERATOR(other.<);
