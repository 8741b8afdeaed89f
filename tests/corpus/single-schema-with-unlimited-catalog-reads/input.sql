SELECT 1 FROM pg_constraint WHERE conname = 'x';
