CREATE FUNCTION listing(n int) RETURNS TABLE (id int, t text) LANGUAGE sql ROWS 7 AS $$ SELECT g, 'x' FROM generate_series(1, n) g $$;
