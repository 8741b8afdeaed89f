CREATE TABLE late_check (a int);
INSERT INTO late_check VALUES (-1);
ALTER TABLE late_check ADD CONSTRAINT later CHECK (a > 0) NOT VALID;
