INSERT INTO public.t AS public (id, public) VALUES (1, 'public.t') ON CONFLICT (id) WHERE public > '' DO UPDATE SET public = EXCLUDED.public || public.public RETURNING public.id;
