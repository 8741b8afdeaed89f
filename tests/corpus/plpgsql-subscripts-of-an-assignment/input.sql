DO $$ DECLARE a text[]; BEGIN a[length(set_config('search_path', 'other', true))] := 'z'; END $$;
DO $$ DECLARE a int[]; BEGIN a[1][(SELECT max(id) FROM other.users)] := 1; END $$;
DO $$ DECLARE j jsonb := '{}'; BEGIN j[pg_read_file('x')] := '1'; END $$;
