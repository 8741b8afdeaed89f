CREATE TABLE checked_rows (a int CONSTRAINT above CHECK (a > 0), b int, CONSTRAINT ordered CHECK (b > a));
INSERT INTO checked_rows VALUES (1, 2);
