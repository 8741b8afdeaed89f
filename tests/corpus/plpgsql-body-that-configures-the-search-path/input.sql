DO $$ BEGIN PERFORM pg_catalog.set_config('search_path', 'other', true); END $$;
