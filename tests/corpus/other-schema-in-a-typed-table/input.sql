CREATE TABLE public.t OF other.row_type;
