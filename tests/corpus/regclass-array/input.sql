SELECT ARRAY['public.a', 'public.b']::regclass[];
