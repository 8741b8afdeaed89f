CREATE TABLE not_nulls (a int NOT NULL, b int CONSTRAINT b_given NOT NULL, c int);
INSERT INTO not_nulls VALUES (1, 2, NULL);
