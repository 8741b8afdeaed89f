INSERT INTO public.t VALUES ('ab	cpublic.', E'\x01public.t');
