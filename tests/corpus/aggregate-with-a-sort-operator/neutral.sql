CREATE AGGREGATE "{tenant}".a (integer) (SFUNC = "{tenant}".f, STYPE = integer, SORTOP = OPERATOR("{tenant}".<));
