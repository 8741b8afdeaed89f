DROP COLLATION "C.utf8";
COMMENT ON COLLATION "de_DE" IS 'x';
CREATE TYPE r AS RANGE (SUBTYPE = int4, MULTIRANGE_TYPE_NAME = pg_catalog.evil);
COMMENT ON TYPE pg_class IS 'x';
COMMENT ON TYPE _int4 IS 'x';
COMMENT ON CONSTRAINT cardinal_number_domain_check ON DOMAIN information_schema.cardinal_number IS 'x';
