CALL public.audit('public.t');
