DO $$ DECLARE v note.id%TYPE; BEGIN
  SELECT id INTO v FROM "{tenant}".note;
END $$;
