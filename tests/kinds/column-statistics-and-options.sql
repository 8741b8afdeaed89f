CREATE TABLE measured (a int, b text);
ALTER TABLE measured ALTER a SET STATISTICS 500, ALTER a SET (n_distinct = -0.5, n_distinct_inherited = 10), ALTER b SET STATISTICS 0;
