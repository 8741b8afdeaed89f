GRANT SELECT, INSERT (public) ON public.public, "public"."t" TO app;
REVOKE ALL ON TABLE t FROM PUBLIC, "public";
GRANT EXECUTE ON FUNCTION public.f(public.mood) TO app;
GRANT USAGE ON TYPE public.mood TO public WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE public.s TO app;
