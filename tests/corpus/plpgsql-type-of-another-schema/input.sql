DO $$ DECLARE
  r other.mood;
BEGIN NULL; END $$;
