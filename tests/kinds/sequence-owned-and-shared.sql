CREATE SEQUENCE shared_numbers;
CREATE TABLE uses_1 (id int DEFAULT nextval('shared_numbers'));
CREATE TABLE uses_2 (id int DEFAULT nextval('shared_numbers'));
ALTER SEQUENCE shared_numbers OWNED BY uses_1.id;
INSERT INTO uses_1 DEFAULT VALUES; INSERT INTO uses_2 DEFAULT VALUES;
