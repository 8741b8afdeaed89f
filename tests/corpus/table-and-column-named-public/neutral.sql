CREATE TABLE public (public integer, "public." text DEFAULT 'public.');
SELECT public.public, "{tenant}".public.public, (public.public).x, public FROM "{tenant}".public;
