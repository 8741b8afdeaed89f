SELECT 1 OPERATOR(public.=) ANY (SELECT id FROM public.t);
