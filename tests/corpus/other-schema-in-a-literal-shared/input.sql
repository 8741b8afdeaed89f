SELECT 'other.t'::regclass, nextval('other.s'), 'public.t'::regclass;
