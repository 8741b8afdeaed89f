CREATE FUNCTION float_gap(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT $1 - $2 $$;
CREATE TYPE float_span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float_gap, MULTIRANGE_TYPE_NAME = float_spans);
CREATE TABLE spans (a float_span, b float_spans);
CREATE INDEX spans_a ON spans USING gist (a);
INSERT INTO spans VALUES ('[1.5,2.5)', '{[1,2)}');
