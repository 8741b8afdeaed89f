DO $$ DECLARE s text; BEGIN UPDATE posts SET v = 'public' WHERE v = 'public'; EXECUTE format('DROP TABLE %I', s); END $$;
CREATE FUNCTION f(t text, s text DEFAULT 'public') RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN s; END $$;
