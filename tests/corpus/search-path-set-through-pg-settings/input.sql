UPDATE pg_settings SET setting = 'other' WHERE name = 'search_path';
