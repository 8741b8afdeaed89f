SELECT '"{tenant}".f(integer, text)'::regprocedure, to_regprocedure('"{tenant}".f()');
