-- since PostgreSQL 18
CREATE TABLE someday (n int);
INSERT INTO someday VALUES (NULL);
ALTER TABLE someday ADD CONSTRAINT n_someday NOT NULL n NOT VALID;
