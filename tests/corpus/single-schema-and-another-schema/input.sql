SELECT * FROM public.t;
CREATE TABLE auth.users (id int);
