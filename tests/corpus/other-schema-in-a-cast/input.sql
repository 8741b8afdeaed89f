SELECT CAST('ok' AS other.mood), 'ok'::public.mood;
