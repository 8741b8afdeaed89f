CREATE TABLE counted_rows (id int);
CREATE FUNCTION count_rows(VARIADIC more text[] DEFAULT '{}') RETURNS bigint LANGUAGE plpgsql STABLE AS $body$
BEGIN
  -- it's "a" comment
  RETURN (SELECT count(*) FROM counted_rows);
END $body$;
