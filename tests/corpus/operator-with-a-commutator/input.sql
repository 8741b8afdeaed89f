CREATE OPERATOR public.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = public.eq, COMMUTATOR = OPERATOR(public.===), NEGATOR = OPERATOR(public.!==));
