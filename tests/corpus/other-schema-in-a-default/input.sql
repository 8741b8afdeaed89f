CREATE TABLE public.t (id integer DEFAULT other.next_id());
