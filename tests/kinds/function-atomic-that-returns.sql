CREATE TABLE rated (id int, rate numeric);
CREATE FUNCTION rate_of(r rated) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN (r).rate * 2;
CREATE VIEW rates AS SELECT id, rate_of(rated) AS doubled FROM rated;
