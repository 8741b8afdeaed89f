CREATE CAST (public.a AS text) WITH FUNCTION public.f(public.a);
CREATE PUBLICATION p FOR TABLE public.t;
CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.f();
CREATE LANGUAGE l HANDLER public.h;
