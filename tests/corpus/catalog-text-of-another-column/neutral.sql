SELECT 1 FROM posts p JOIN pg_tables t ON t.tablename = p.name WHERE p.visibility = 'public' AND t.schemaname = (parse_ident('"{tenant}"'::regnamespace::text))[1];
SELECT 1 FROM pg_roles WHERE rolname = 'public';
INSERT INTO posts (visibility) SELECT 'public' FROM pg_tables WHERE schemaname = (parse_ident('"{tenant}"'::regnamespace::text))[1] AND tablename <> 'public';
