DO $$ BEGIN EXECUTE 'ALTER TABLE other.note ADD COLUMN n integer'; END $$;
