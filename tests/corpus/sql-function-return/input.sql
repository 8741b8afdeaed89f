CREATE FUNCTION public.label(m public.mood) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'public.' || (m = 'ok'::public.mood);
