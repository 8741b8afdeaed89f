DO $$ DECLARE t text; BEGIN
  EXECUTE 'ALTER TABLE public.' || quote_ident(t) || ' ADD COLUMN n integer';
  EXECUTE 'ALTER TABLE public.' || t || '_log ADD COLUMN n integer';
  EXECUTE 'ALTER TABLE ' || quote_ident('public') || '.' || quote_ident(t) || ' ADD COLUMN m integer';
  EXECUTE concat('DROP TABLE public.', t);
  EXECUTE 'UPDATE public.note SET visibility = ' || quote_literal('public') || ' WHERE id = ' || t;
  EXECUTE 'ALTER TABLE public.note ' || t;
  EXECUTE 'ALTER TABLE public.note ADD CONSTRAINT k ' || replace(t, 'a', 'b');
END $$;
