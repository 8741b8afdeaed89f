SELECT 'f(other.mood)'::regprocedure;
