SELECT 1 FROM information_schema.tables WHERE table_schema = 'shared' AND table_name = 'country';
SELECT 1 FROM pg_class WHERE relnamespace IN ('shared'::regnamespace, 'public'::regnamespace);
SELECT 1 FROM pg_constraint WHERE confrelid = 'country'::regclass AND conrelid = 'address'::regclass;
