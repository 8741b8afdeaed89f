SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = '"{tenant}".t'::pg_catalog.regclass;
SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema();
