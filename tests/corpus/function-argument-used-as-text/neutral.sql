INSERT INTO "{tenant}".log SELECT format('public.%s', lower('public.t')), jsonb_build_object('t', 'public.t'), 'public.t', concat('public.t');
