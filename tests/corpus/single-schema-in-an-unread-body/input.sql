CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS 'return plpy.execute("SELECT 1 FROM public.t")';
