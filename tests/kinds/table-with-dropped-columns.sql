CREATE TABLE dropped (a int, gone text, b int, gone_too int);
INSERT INTO dropped VALUES (1, 'x', 2, 3);
ALTER TABLE dropped DROP COLUMN gone, DROP COLUMN gone_too, ADD COLUMN c int DEFAULT 7;
