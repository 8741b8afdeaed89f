CREATE TABLE nullable_keys (a int, b int);
CREATE UNIQUE INDEX nullable_key ON nullable_keys (a, b) NULLS NOT DISTINCT;
INSERT INTO nullable_keys VALUES (1, NULL);
