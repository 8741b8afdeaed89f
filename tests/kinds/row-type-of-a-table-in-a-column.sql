CREATE TABLE people_row (id int, name text);
CREATE TABLE archive_row (was people_row);
INSERT INTO archive_row VALUES (ROW(1, 'x'));
