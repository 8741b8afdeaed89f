CREATE TABLE elder (a int, CONSTRAINT positive CHECK (a > 0));
CREATE TABLE joiner (b int, a int, CONSTRAINT positive CHECK (a > 0));
ALTER TABLE joiner INHERIT elder;
INSERT INTO joiner VALUES (1, 2);
