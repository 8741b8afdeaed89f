DO $$ DECLARE command text; t text; BEGIN
  command := 'ALTER TABLE public.note ADD COLUMN n integer';
  EXECUTE command;
  command = format('ALTER TABLE public.%I ADD COLUMN m integer', t);
  EXECUTE command;
END $$;
