CREATE TABLE remarked (a int, CONSTRAINT a_positive CHECK (a > 0));
COMMENT ON TABLE remarked IS 'it''s \ a comment'; COMMENT ON COLUMN remarked.a IS 'column'; COMMENT ON CONSTRAINT a_positive ON remarked IS 'check';
CREATE INDEX remarked_a ON remarked (a); COMMENT ON INDEX remarked_a IS 'index';
CREATE TYPE remarked_e AS ENUM ('x'); COMMENT ON TYPE remarked_e IS 'type';
CREATE DOMAIN remarked_d AS int CONSTRAINT d_above CHECK (VALUE > 0); COMMENT ON DOMAIN remarked_d IS 'domain'; COMMENT ON CONSTRAINT d_above ON DOMAIN remarked_d IS 'of a domain';
CREATE FUNCTION remarked_f(int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; COMMENT ON FUNCTION remarked_f(int) IS 'function';
CREATE VIEW remarked_v AS SELECT 1 AS one; COMMENT ON VIEW remarked_v IS 'view'; COMMENT ON COLUMN remarked_v.one IS 'of a view';
CREATE SEQUENCE remarked_s; COMMENT ON SEQUENCE remarked_s IS 'sequence';
