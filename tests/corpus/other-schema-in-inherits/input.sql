CREATE TABLE public.t (id integer) INHERITS (public.a, other.base);
