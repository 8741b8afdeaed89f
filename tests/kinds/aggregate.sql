CREATE FUNCTION add_step(state int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(state, 0) + coalesce(n, 0) $$;
CREATE FUNCTION add_end(state int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT state::text $$;
CREATE AGGREGATE added(int) (SFUNC = add_step, STYPE = int, FINALFUNC = add_end, INITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = safe);
CREATE AGGREGATE rows_of(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
