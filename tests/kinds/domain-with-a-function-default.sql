CREATE FUNCTION fresh_code() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT 'c' || 1 $$;
CREATE DOMAIN code AS text DEFAULT fresh_code();
CREATE TABLE codes (a code, id int);
INSERT INTO codes (id) VALUES (1);
