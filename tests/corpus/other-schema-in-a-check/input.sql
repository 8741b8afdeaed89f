CREATE TABLE public.t (id integer, CHECK (id OPERATOR(other.>) 0));
