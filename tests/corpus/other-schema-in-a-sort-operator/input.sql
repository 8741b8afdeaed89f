CREATE AGGREGATE a (integer) (SFUNC = f, STYPE = integer, SORTOP = OPERATOR(other.<));
