-- since PostgreSQL 18
CREATE TABLE enforced_not (id int PRIMARY KEY, n int, CONSTRAINT soft CHECK (n > 5) NOT ENFORCED);
CREATE TABLE refers_softly (a int CONSTRAINT up REFERENCES enforced_not NOT ENFORCED);
INSERT INTO enforced_not VALUES (1, 2); INSERT INTO refers_softly VALUES (9);
