CREATE TABLE own_check (a int, CONSTRAINT mine CHECK (a > 0) NO INHERIT);
CREATE TABLE own_check_child () INHERITS (own_check);
INSERT INTO own_check_child VALUES (-1);
