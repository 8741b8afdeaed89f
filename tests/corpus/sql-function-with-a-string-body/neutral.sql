CREATE OR REPLACE FUNCTION "{tenant}".total(p integer DEFAULT "{tenant}".first_id()) RETURNS SETOF "{tenant}".note
LANGUAGE sql STABLE AS $$
  -- public.note in a comment
  SELECT public.* FROM "{tenant}".note AS public WHERE "{tenant}".ok(public.id) AND public.text <> 'public.note';
  SELECT "{tenant}".note.* FROM "{tenant}".note WHERE id = $1 OR id = p;
$$;
