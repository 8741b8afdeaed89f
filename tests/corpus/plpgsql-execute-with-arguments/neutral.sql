DO $$ BEGIN EXECUTE 'DELETE FROM note WHERE id = $1' USING (SELECT max(id) FROM "{tenant}".note); END $$;
