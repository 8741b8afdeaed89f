SELECT 1 FROM information_schema.tables WHERE table_schema = 'auth' AND table_name = 'users';
SELECT 1 FROM pg_namespace WHERE nspname = 'auth';
SELECT 1 FROM pg_tables WHERE schemaname IN ('public', 'auth');
