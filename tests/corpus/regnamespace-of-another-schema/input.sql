SELECT 1 FROM pg_class WHERE relnamespace = 'other'::regnamespace;
SELECT regclass('other.users');
