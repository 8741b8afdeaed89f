CREATE FUNCTION positive_in(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 > 0 $$;
CREATE DOMAIN in_array AS int CHECK (positive_in(VALUE));
CREATE TABLE arrays_of_it (a in_array[]);
INSERT INTO arrays_of_it VALUES ('{1,2}');
