DO $$ DECLARE x text COLLATE other.de; BEGIN NULL; END $$;
