DO $$ BEGIN RAISE NOTICE '%', nextval('other.s'); END $$;
