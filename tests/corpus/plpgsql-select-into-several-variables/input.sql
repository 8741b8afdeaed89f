DO $$ DECLARE m public.mood; n integer; BEGIN
  SELECT mood, id INTO m, n FROM public.note;
END $$;
