SELECT 'public'::regnamespace;
