SELECT 1;
DROP TABLE public.a, one.b;
SELECT * FROM two.c;
