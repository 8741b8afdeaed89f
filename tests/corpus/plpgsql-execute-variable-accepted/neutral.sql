DO $$ DECLARE command text; t text; BEGIN
  command := 'ALTER TABLE "{tenant}".note ADD COLUMN n integer';
  EXECUTE command;
  command = format(('ALTER TABLE ' || replace('"{tenant}"', '%', '%%') || '.%I ADD COLUMN m integer'), t);
  EXECUTE command;
END $$;
