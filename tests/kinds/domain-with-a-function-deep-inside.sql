CREATE FUNCTION positive_deep(n int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN n > 0; END $$;
CREATE DOMAIN deep AS int CHECK (positive_deep(VALUE)) CHECK (VALUE < 100);
CREATE TYPE deep_range AS RANGE (SUBTYPE = deep, SUBTYPE_OPCLASS = pg_catalog.int4_ops, MULTIRANGE_TYPE_NAME = deep_ranges);
CREATE TYPE deep_pair AS (one deep[], range deep_range);
CREATE DOMAIN deep_pairs AS deep_pair[] CHECK (array_length(VALUE, 1) < 9);
CREATE TABLE deeply (p deep_pairs, m deep_ranges, t deep);
INSERT INTO deeply VALUES (ARRAY[ROW('{1,2}', '[1,5)')::deep_pair]::deep_pairs, '{[1,2),[3,4)}', 5);
COMMENT ON CONSTRAINT deep_check ON DOMAIN deep IS 'calls a function';
