CREATE TABLE two_keys (a int, b text, PRIMARY KEY (b, a) INCLUDE (c), c int);
INSERT INTO two_keys VALUES (1, 'x', 2);
