COPY (SELECT * FROM public.t) TO 't.csv';
