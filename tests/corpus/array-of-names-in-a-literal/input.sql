SELECT '{public.a,public.b}'::regclass[];
