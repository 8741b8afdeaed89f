DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN GRANT SELECT ON t TO app; END IF;
END $$;
SELECT 1 FROM pg_extension WHERE extname = 'pgcrypto';
SELECT setting FROM pg_settings WHERE name = 'server_version_num';
SELECT 1 FROM pg_available_extensions e, pg_database d, pg_language l, pg_am a;
SELECT 1 FROM information_schema.enabled_roles;
