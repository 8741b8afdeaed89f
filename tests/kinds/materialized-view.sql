CREATE TABLE sources_mv (id int, n int);
INSERT INTO sources_mv VALUES (1, 2), (2, 3);
CREATE MATERIALIZED VIEW summed WITH (fillfactor = 50) AS SELECT id, sum(n) AS n FROM sources_mv GROUP BY id;
CREATE UNIQUE INDEX summed_id ON summed (id);
ALTER MATERIALIZED VIEW summed ALTER n SET STATISTICS 300, ALTER n SET (n_distinct = 4);
CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS one WITH NO DATA;
CREATE MATERIALIZED VIEW above_it AS SELECT count(*) AS n FROM summed;
