CREATE TABLE public.t (r int4range, EXCLUDE USING gist (r WITH OPERATOR(public.&&)));
