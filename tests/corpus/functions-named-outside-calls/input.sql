CREATE AGGREGATE a(text, bool) (SFUNC = set_config, STYPE = text, INITCOND = 'search_path');
CREATE AGGREGATE b(text) (SFUNC = 'pg_read_file', STYPE = text);
CREATE OPERATOR ~>> (LEFTARG = tsquery, RIGHTARG = text, FUNCTION = ts_rewrite);
CREATE OPERATOR <== (LEFTARG = regclass, RIGHTARG = bigint, PROCEDURE = pg_catalog.setval);
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION "RI_FKey_cascade_del"();
CREATE TABLE c (id int DEFAULT lo_import('/etc/passwd')::int);
CREATE INDEX i ON users (pg_read_file(name));
ALTER TABLE users ADD CHECK (pg_ls_dir('/') IS NOT NULL);
CREATE POLICY p ON users USING (pg_cancel_backend(id));
