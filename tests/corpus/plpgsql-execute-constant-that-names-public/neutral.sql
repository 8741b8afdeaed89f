DO $$ BEGIN EXECUTE 'ALTER TABLE "{tenant}".note ADD COLUMN n integer'; END $$;
