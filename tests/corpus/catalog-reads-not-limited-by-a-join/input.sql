SELECT 1 FROM pg_type t LEFT JOIN pg_namespace n ON n.oid = t.typnamespace AND n.nspname = current_schema();
SELECT 1 FROM pg_type t FULL JOIN pg_namespace n ON n.oid = t.typnamespace AND n.nspname = current_schema();
SELECT 1 FROM pg_type t JOIN pg_namespace n ON true WHERE n.nspname = current_schema();
SELECT 1 FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu ON tc.constraint_name = kcu.constraint_name WHERE tc.table_schema = current_schema();
SELECT 1 FROM pg_class c WHERE relname = 'x' AND EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = current_schema());
SELECT 1 FROM pg_class c WHERE EXISTS (SELECT count(*) FROM pg_namespace n WHERE n.oid = c.relnamespace AND n.nspname = current_schema());
WITH pg_namespace AS (SELECT oid, current_schema() AS nspname FROM pg_catalog.pg_namespace) SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema();
