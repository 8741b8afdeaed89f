CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
  INSERT INTO public.log VALUES (''public.t'', nextval(''public.s''));
  RETURN NEW;
END';
