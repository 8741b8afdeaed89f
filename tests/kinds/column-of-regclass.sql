CREATE TABLE pointed (id int);
CREATE TABLE pointers (a regclass, b regtype);
INSERT INTO pointers VALUES ('pointed', 'int');
