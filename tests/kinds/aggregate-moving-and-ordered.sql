CREATE AGGREGATE moving_sum(float8) (SFUNC = float8pl, STYPE = float8, MSFUNC = float8pl, MINVFUNC = float8mi, MSTYPE = float8, INITCOND = '0', MINITCOND = '0');
CREATE AGGREGATE least_of(int) (SFUNC = int4smaller, STYPE = int, SORTOP = <);
CREATE FUNCTION keep_all(state float8[], n float8) RETURNS float8[] LANGUAGE sql IMMUTABLE AS $$ SELECT state || n $$;
CREATE AGGREGATE gathered(ORDER BY float8) (SFUNC = keep_all, STYPE = float8[], INITCOND = '{}');
