CREATE FUNCTION positive_row(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 > 0 $$;
CREATE DOMAIN in_row AS int CHECK (positive_row(VALUE));
CREATE TABLE rows_with_it (a in_row);
CREATE TABLE rows_in_rows (r rows_with_it, many rows_with_it[]);
INSERT INTO rows_in_rows VALUES (ROW(1), ARRAY[ROW(2)::rows_with_it]);
