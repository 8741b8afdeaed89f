SELECT (('SELECT to_tsvector(name) FROM other' || chr(46) || 'users')::text).ts_stat;
SELECT ((SELECT c.oid::regclass FROM pg_class c WHERE relname = 'seq')).nextval;
SELECT t.lo_creat FROM int4(-1) t;
SELECT ('SELECT 1'::text).crosstab2;
SELECT ('/etc/hostname'::text).pg_read_file;
SELECT ((NULL::int).pg_stat_get_activity).query;
CREATE TABLE c (x text CHECK ((x).pg_ls_dir IS NULL));
CREATE FUNCTION leak(q text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT ((q).ts_stat).word';
DO $$ DECLARE s regclass; BEGIN PERFORM s.nextval; END $$;
