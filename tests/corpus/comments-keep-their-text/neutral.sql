CREATE TABLE /* public.b */ "{tenant}"/*x*/./*y*/t ( -- public.c
  id integer -- other.t
);
