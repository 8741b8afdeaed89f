-- alone
VACUUM (ANALYZE) "{tenant}".t;
-- after a commit
ANALYZE "{tenant}".t (public);
-- alone
REINDEX TABLE CONCURRENTLY "{tenant}".t;
-- after a commit
REINDEX (VERBOSE) INDEX "{tenant}".i;
CLUSTER "{tenant}".t USING public;
