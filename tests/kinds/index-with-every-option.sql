CREATE TABLE indexed (a text, b int, c int);
CREATE UNIQUE INDEX rich_index ON indexed (lower(a) COLLATE "C" text_pattern_ops DESC NULLS LAST, b) INCLUDE (c) WITH (fillfactor = 80) WHERE b > 0 AND a <> 'x';
INSERT INTO indexed VALUES ('A', 1, 2);
