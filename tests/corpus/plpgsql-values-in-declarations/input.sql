DO $$ DECLARE x record := ROW(set_config('search_path', 'other', true)); BEGIN UPDATE users SET name = 'x'; END $$;
DO $$ DECLARE x kind DEFAULT CASE WHEN lo_creat(-1) > 0 THEN 'a' END; BEGIN END $$;
DO $$ DECLARE x users = ROW(1, pg_read_file('x')); BEGIN DECLARE y mood[] := ARRAY[query_to_xml('SELECT 1', true, true, '')]; BEGIN END; END $$;
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE x users%ROWTYPE := (SELECT u FROM other.users u LIMIT 1); BEGIN RETURN 1; END $$;
