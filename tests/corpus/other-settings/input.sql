SET LOCAL lock_timeout = '5s';
SET statement_timeout = 0;
SELECT set_config('lock_timeout', '5s', true);
SHOW search_path;
