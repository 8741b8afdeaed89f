CREATE TABLE "pg_sync_bridges" (id int);
CREATE INDEX ON pg_sync_bridges (id);
SELECT * FROM pg_sync_bridges;
