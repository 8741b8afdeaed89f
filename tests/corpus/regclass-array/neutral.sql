SELECT ARRAY['"{tenant}".a', '"{tenant}".b']::regclass[];
