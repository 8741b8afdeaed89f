CREATE TABLE pairs_fk (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE halves (a int, b int, FOREIGN KEY (a, b) REFERENCES pairs_fk ON DELETE SET NULL (b));
ALTER TABLE halves ADD CONSTRAINT fully FOREIGN KEY (a, b) REFERENCES pairs_fk MATCH FULL;
INSERT INTO pairs_fk VALUES (1, 2); INSERT INTO halves VALUES (1, 2);
