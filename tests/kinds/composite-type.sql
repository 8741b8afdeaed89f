CREATE TYPE address AS (street text COLLATE "C", zip varchar(10), tags text[]);
CREATE TABLE addressed (a address, b address[] DEFAULT '{}');
INSERT INTO addressed VALUES (ROW('Main', '1', '{x}'), ARRAY[ROW(NULL, NULL, NULL)::address]);
