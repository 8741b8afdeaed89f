CREATE TABLE public (public integer, "public." text DEFAULT 'public.');
SELECT public.public, public.public.public, (public.public).x, public FROM public.public;
