CREATE VIEW a AS SELECT * FROM (SELECT relname FROM pg_class) AS c;
CREATE VIEW b AS SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace;
CREATE MATERIALIZED VIEW c AS SELECT relname FROM pg_class;
