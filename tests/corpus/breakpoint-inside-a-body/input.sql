CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM public.a; --> statement-breakpoint
  DELETE FROM public.b;
END $$;
--> statement-breakpoint
SELECT public.f();
