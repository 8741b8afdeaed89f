CREATE FUNCTION initial(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT left($1, 1) $$;
CREATE TABLE initials (a text);
CREATE INDEX by_initial ON initials (initial(a));
INSERT INTO initials VALUES ('abc');
