CREATE TYPE inner_type AS (x int);
CREATE TYPE outer_type AS (i inner_type, many inner_type[]);
CREATE TABLE outers (o outer_type);
INSERT INTO outers VALUES (ROW(ROW(1), ARRAY[ROW(2)::inner_type]));
