DO $$ DECLARE m "{tenant}".mood; n integer; BEGIN
  SELECT mood, id INTO m, n FROM "{tenant}".note;
END $$;
