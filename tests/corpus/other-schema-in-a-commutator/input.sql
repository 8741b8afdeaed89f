CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = eq, COMMUTATOR = OPERATOR(other.===));
