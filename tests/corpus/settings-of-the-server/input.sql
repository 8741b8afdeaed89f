SET allow_system_table_mods = on;
SET local_preload_libraries = 'x';
SET event_triggers = off;
SET drizzle_fleet.expected = 'true';
