DO $$ DECLARE t text := 'note'; BEGIN
  EXECUTE format('ALTER TABLE %I ADD COLUMN n integer', t);
  DELETE FROM "{tenant}".note;
END $$;
