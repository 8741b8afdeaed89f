CREATE FUNCTION is_even(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 % 2 = 0 $$;
CREATE DOMAIN even_number AS int CHECK (is_even(VALUE));
CREATE TABLE even_numbers (a even_number);
INSERT INTO even_numbers VALUES (2);
