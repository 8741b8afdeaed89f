ALTER SEQUENCE public.s OWNED BY other.t.id;
