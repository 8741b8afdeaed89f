CREATE OR REPLACE FUNCTION public.total(p integer DEFAULT public.first_id()) RETURNS SETOF public.note
LANGUAGE sql STABLE AS $$
  -- public.note in a comment
  SELECT public.* FROM public.note AS public WHERE public.ok(public.id) AND public.text <> 'public.note';
  SELECT public.note.* FROM public.note WHERE id = $1 OR id = p;
$$;
