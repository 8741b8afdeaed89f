CREATE RULE r AS ON INSERT TO sw DO ALSO UPDATE pg_settings SET setting = 'x' WHERE name = 'search_path';
CREATE VIEW sv AS SELECT * FROM pg_settings;
CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC UPDATE pg_settings SET setting = 'x' WHERE name = 'search_path'; END;
CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM pg_class; END $$;
WITH w AS (UPDATE pg_class SET relname = 'stolen' RETURNING oid) INSERT INTO q SELECT 1 FROM w;
SELECT relname FROM pg_class FOR UPDATE;
SELECT 1 FROM users u, LATERAL (SELECT 1 FROM pg_catalog.pg_proc FOR SHARE) p;
MERGE INTO pg_class USING q ON false WHEN NOT MATCHED THEN DO NOTHING;
