SELECT * FROM ROWS FROM (public.f(1), other.g(2)) AS x;
