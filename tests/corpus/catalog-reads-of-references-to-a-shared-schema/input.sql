SELECT 1 FROM pg_constraint WHERE confrelid = 'shared.country'::regclass;
SELECT 1 FROM pg_constraint WHERE confrelid = 'country'::regclass;
