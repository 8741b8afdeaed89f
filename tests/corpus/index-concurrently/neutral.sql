-- alone
CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON "{tenant}".t ("{tenant}".f(public));
-- alone
DROP INDEX CONCURRENTLY IF EXISTS "{tenant}".i;
-- after a commit
ALTER TABLE "{tenant}".t ADD COLUMN n integer;
