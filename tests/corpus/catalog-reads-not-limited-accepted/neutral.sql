DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'child_parent_fk') THEN
    ALTER TABLE child ADD CONSTRAINT child_parent_fk FOREIGN KEY (parent_id) REFERENCES parent (id);
  END IF;
END $$;
DO $$ DECLARE found_type text; BEGIN
  SELECT data_type INTO found_type FROM information_schema.columns WHERE table_name = 'child';
  PERFORM 1 FROM pg_type WHERE typname = 'mood';
END $$;
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT tablename FROM pg_tables WHERE tablename LIKE 'child%' LOOP RAISE NOTICE '%', r.tablename; END LOOP;
END $$;
CREATE FUNCTION has(p text) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM pg_class WHERE relname = p)';
CREATE FUNCTION has(p text, s text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  RETURN EXISTS (SELECT FROM information_schema.tables WHERE table_schema = s AND table_name = p);
END $$;
DO $$ BEGIN
  EXECUTE 'CREATE TABLE found AS SELECT relname FROM pg_class WHERE relname = ''child''';
END $$;
DO $$ DECLARE c CURSOR FOR SELECT relname FROM pg_class WHERE relname = 'x'; BEGIN NULL; END $$;
DO $$ DECLARE n int := (SELECT count(*) FROM pg_class WHERE relname = 'x'); BEGIN NULL; END $$;
