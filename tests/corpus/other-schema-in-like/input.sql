CREATE TABLE public.t (LIKE other.base INCLUDING ALL);
