DO $$ DECLARE r other.note%ROWTYPE; BEGIN NULL; END $$;
