/* public.a */ CREATE TABLE /* public.b */ public/*x*/./*y*/t ( -- public.c
  id integer -- other.t
);
