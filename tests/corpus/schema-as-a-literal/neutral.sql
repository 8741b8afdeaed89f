SELECT '"{tenant}"'::regnamespace;
