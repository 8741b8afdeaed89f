SELECT * FROM public.t TABLESAMPLE other.sample(1);
