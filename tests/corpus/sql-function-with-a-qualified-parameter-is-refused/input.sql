CREATE FUNCTION public.first_of(n public.note) RETURNS integer LANGUAGE sql AS $$ SELECT first_of.n.id $$;
