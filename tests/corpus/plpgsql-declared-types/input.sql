CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  m public.mood := 'public.ok';
  ms CONSTANT public.mood[] := ARRAY['ok']::public.mood[];
  r public.note%ROWTYPE;
  c public.note.public%TYPE NOT NULL := public.first_id();
  rec record;
BEGIN
  SELECT * INTO rec FROM public.note AS public WHERE public.id = m::text;
  c := rec.public;
  r.id := rec.id;
END $$;
