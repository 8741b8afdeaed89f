DO $$ BEGIN EXECUTE 'ALTER TABLE "{tenant}".t ADD COLUMN x int'; END $$;
