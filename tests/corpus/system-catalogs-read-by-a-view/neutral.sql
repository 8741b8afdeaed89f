CREATE VIEW a AS SELECT * FROM (SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace) AS c;
CREATE VIEW b AS SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = (parse_ident('"{tenant}"'::regnamespace::text))[1];
CREATE MATERIALIZED VIEW c AS SELECT attname FROM pg_attribute WHERE attrelid = '"{tenant}".t'::regclass;
CREATE TABLE d (LIKE pg_catalog.pg_class);
