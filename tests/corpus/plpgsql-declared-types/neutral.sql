CREATE FUNCTION "{tenant}".f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  m "{tenant}".mood := 'public.ok';
  ms CONSTANT "{tenant}".mood[] := ARRAY['ok']::"{tenant}".mood[];
  r "{tenant}".note%ROWTYPE;
  c "{tenant}".note.public%TYPE NOT NULL := "{tenant}".first_id();
  rec record;
BEGIN
  SELECT * INTO rec FROM "{tenant}".note AS public WHERE public.id = m::text;
  c := rec.public;
  r.id := rec.id;
END $$;
