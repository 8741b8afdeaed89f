CREATE TEMPORARY TABLE x ON COMMIT DROP AS SELECT * FROM "{tenant}".t;
INSERT INTO "{tenant}".t SELECT x.* FROM pg_temp.x;
CREATE TABLE pg_temp.y (LIKE "{tenant}".t INCLUDING ALL);
DROP TABLE pg_temp.x;
