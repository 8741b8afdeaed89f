CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS E'BEGIN\n\tINSERT INTO public.log VALUES (\'public.t\', \'\\\');\n\tRETURN NEW;\nEND';
