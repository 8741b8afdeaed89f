CREATE OPERATOR "{tenant}".=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = "{tenant}".eq, COMMUTATOR = OPERATOR("{tenant}".===), NEGATOR = OPERATOR("{tenant}".!==));
