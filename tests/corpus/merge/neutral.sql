MERGE INTO "{tenant}".t AS public USING "{tenant}".u ON public.id = "{tenant}".u.id
WHEN MATCHED AND public.n > 1 THEN UPDATE SET n = "{tenant}".u.n
WHEN NOT MATCHED THEN INSERT (public) VALUES ('public.u');
