CREATE TABLE by_expression (a text, b int) PARTITION BY RANGE (lower(a), (b * 2));
CREATE TABLE by_expression_1 PARTITION OF by_expression FOR VALUES FROM ('a', MINVALUE) TO ('z', MAXVALUE);
INSERT INTO by_expression VALUES ('B', 1);
