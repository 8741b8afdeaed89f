-- alone
CREATE INDEX CONCURRENTLY i ON "{tenant}".t (id);
-- alone
DROP INDEX CONCURRENTLY "{tenant}".i;
-- alone
REINDEX TABLE CONCURRENTLY "{tenant}".t;
