VACUUM (ANALYZE) public.t;
ANALYZE public.t (public);
REINDEX TABLE CONCURRENTLY public.t;
REINDEX (VERBOSE) INDEX public.i;
CLUSTER public.t USING public;
