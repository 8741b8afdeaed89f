CREATE COLLATION bytewise (provider = libc, locale = 'C');
CREATE TABLE bytewise_rows (a text COLLATE bytewise);
CREATE INDEX bytewise_a ON bytewise_rows (a);
INSERT INTO bytewise_rows VALUES ('b'), ('A');
