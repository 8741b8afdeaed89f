CREATE FUNCTION positive_co(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 > 0 $$;
CREATE DOMAIN in_composite AS int CHECK (positive_co(VALUE));
CREATE TYPE holds_it AS (d in_composite);
CREATE TABLE composites_of_it (a holds_it);
INSERT INTO composites_of_it VALUES (ROW(1));
