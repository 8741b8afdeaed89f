SELECT 1 FROM pg_constraint WHERE conname = 'x';
SELECT 1 FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 't';
