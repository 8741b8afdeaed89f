CREATE FUNCTION positive_ra(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 > 0 $$;
CREATE DOMAIN in_range AS int CHECK (positive_ra(VALUE));
CREATE TYPE range_of_it AS RANGE (SUBTYPE = in_range, SUBTYPE_OPCLASS = pg_catalog.int4_ops);
CREATE TABLE ranges_of_it (a range_of_it);
INSERT INTO ranges_of_it VALUES ('[1,5)');
