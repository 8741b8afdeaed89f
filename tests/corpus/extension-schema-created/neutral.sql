-- extension, once per database: pgcrypto
CREATE SCHEMA IF NOT EXISTS "extensions";
CREATE SCHEMA IF NOT EXISTS extensions;
