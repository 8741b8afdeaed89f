CREATE TABLE collated (a text COLLATE "C", b varchar(5) COLLATE "POSIX");
INSERT INTO collated VALUES ('b', 'a');
