DO $$ BEGIN IF true THEN END $$;
